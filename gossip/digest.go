package gossip

import (
	"cmp"
	"encoding/binary"
	"heartsay/gossip/wire"
)

// A digest's Columns hold, for each of its buckets in turn, the mark of the bucket (bucket.go) and a column (column.go)
// of the lags of its members. A view that fits one packet is told whole; a larger one takes turns, each round going on
// with the bucket where the last one stopped (R17): never the freshest first, which would starve the others.

// digest returns this round's request. Its columns are valid until the next exchange.
func (e *Engine) digest() wire.Digest {
	bits := bucketBits(e.countListed())
	total := 1 << bits
	first := e.cursor % total
	d := wire.Digest{Clock: e.clock(), Bits: uint8(bits), First: uint16(first)}
	left := e.columnsBudget()
	columns := e.scratch.buf[:0]
	for int(d.Count) < total {
		told := len(columns)
		columns = e.appendBucket(columns, (first+int(d.Count))%total, bits, d.Clock)
		fits := left.take(len(columns) - told)
		if !fits && (d.Count > 0 || len(columns) > int(e.anyPacketBudget())) {
			columns = columns[:told]
			break
		}
		d.Count++ // the first bucket exceeds the budget rather than never be told
		if !fits {
			break
		}
	}
	e.scratch.buf = columns
	d.Columns = columns
	e.cursor = (first + max(int(d.Count), 1)) % total // a bucket that fits no packet is passed over
	return d
}

// usualColumns is how many bytes of columns a digest has unless the operator says it: those of some 400 members. More
// members take turns, so that a member costs the same however many there are. Their news is older then, but whether one
// lives is asked directly (R8).
const usualColumns = 256

func (e *Engine) columnsBudget() budget {
	return min(e.anyPacketBudget(), cmp.Or(budget(e.cfg.Budget), usualColumns))
}

func (e *Engine) appendBucket(buf []byte, number, bits int, clock uint64) []byte {
	b, m := e.bucket(number, bits)
	buf = m.append(buf)
	if len(b) > 0 {
		buf = e.scratch.column.Append(buf, e.lags(b, clock))
	}
	return buf
}

// readBucket reads the mark and the lags of a bucket. The lags are valid until the next call.
func (e *Engine) readBucket(b []byte) (m mark, lags []int64, rest []byte, ok bool) {
	m, rest, ok = readMark(b)
	if !ok || m.members == 0 {
		return m, nil, rest, ok
	}
	lags, rest, err := wire.ReadColumn(rest, m.members, e.scratch.read[:0])
	e.scratch.read = lags[:0]
	return m, lags, rest, err == nil
}

func readMark(b []byte) (m mark, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > maxBucket {
		return mark{}, b, false
	}
	m.members, b = int(n), b[used:]
	if n == 0 {
		return m, b, true
	}
	if len(b) < 4 {
		return mark{}, b, false
	}
	m.sum = binary.BigEndian.Uint32(b)
	return m, b[4:], true
}

// clock returns this member's wall clock in Unix milliseconds, as messages carry it.
func (e *Engine) clock() uint64 { return uint64(max(e.wall.UnixMilli(), 0)) }
