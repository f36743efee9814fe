package gossip

import (
	"cmp"
	"encoding/binary"

	"heartsay/gossip/wire"
)

// A digest's Columns hold, for each of its buckets in turn, the fingerprint of the bucket (exchange_bucket.go) and a column
// (package wire) of the lags of its members. A view that fits one packet is told whole; a larger one takes turns, each round
// going on with the bucket where the last one stopped (R17): never the freshest first, which would starve the others.

// digest returns this round's request. Its columns are valid until the next exchange.
func (x *exchange) digest() wire.Digest {
	bits := bucketBits(x.countListed())
	total := 1 << bits
	first := x.cursor % total
	d := wire.Digest{Clock: x.clock.unixMilli(), Bits: uint8(bits), First: uint16(first)}
	left := x.columnsBudget()
	columns := x.scratch.buf[:0]
	for int(d.Count) < total {
		told := len(columns)
		columns = x.appendBucket(columns, (first+int(d.Count))%total, bits, d.Clock)
		fits := left.take(len(columns) - told)
		if !fits && (d.Count > 0 || len(columns) > int(x.outbox.budget())) {
			columns = columns[:told]
			break
		}
		d.Count++ // the first bucket exceeds the budget rather than never be told
		if !fits {
			break
		}
	}
	x.scratch.buf = columns
	d.Columns = columns
	x.cursor = (first + max(int(d.Count), 1)) % total // a bucket that fits no packet is passed over
	return d
}

// usualColumns is how many bytes of columns a digest has unless the operator says it: those of some 400 members. More
// members take turns, so that a member costs the same however many there are. Their news is older then, but whether one
// lives is probed directly (R8).
const usualColumns = 256

func (x *exchange) columnsBudget() budget {
	return min(x.outbox.budget(), cmp.Or(budget(x.cfg.Budget), usualColumns))
}

func (x *exchange) appendBucket(buf []byte, number, bits int, clock uint64) []byte {
	rows, f := x.bucket(number, bits)
	buf = f.append(buf)
	if len(rows) > 0 {
		buf = x.scratch.column.Append(buf, x.lags(rows, clock))
	}
	return buf
}

// readBucket reads the fingerprint and the lags of a bucket. The lags are valid until the next call.
func (x *exchange) readBucket(b []byte) (f fingerprint, lags []int64, rest []byte, ok bool) {
	f, rest, ok = readFingerprint(b)
	if !ok || f.members == 0 {
		return f, nil, rest, ok
	}
	lags, rest, err := wire.ReadColumn(rest, f.members, x.scratch.read[:0])
	x.scratch.read = lags[:0]
	return f, lags, rest, err == nil
}

func readFingerprint(b []byte) (f fingerprint, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > maxBucket {
		return fingerprint{}, b, false
	}
	f.members, b = int(n), b[used:]
	if n == 0 {
		return f, b, true
	}
	if len(b) < 4 {
		return fingerprint{}, b, false
	}
	f.sum = binary.BigEndian.Uint32(b)
	return f, b[4:], true
}
