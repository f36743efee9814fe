package gossip

import (
	"encoding/binary"
	"math/bits"

	"heartsay/gossip/wire"
)

// A delta's Updates hold, for each bucket that both sides list alike and of which the sender knows higher heartbeats: the
// number of the bucket as a varint, its fingerprint, a bitmap of whose heartbeats follow, least significant bit first, and a
// column of their lags.

// update tells the heartbeats of a bucket that are higher than the peer's, by their lags.
func (r *reply) update(number int, f fingerprint, higher bitmap, lags []int64) {
	s := &r.exchange.scratch
	s.buf = binary.AppendUvarint(s.buf[:0], uint64(number))
	s.buf = f.append(s.buf)
	s.buf = append(s.buf, higher...)
	s.buf = s.column.Append(s.buf, lags)
	r.part(&r.delta.Updates, s.buf, len(lags))
}

// applyUpdates takes the heartbeats that a peer knew to be higher. A bucket that has changed here since the digest was
// sent is left out.
func (x *exchange) applyUpdates(d *wire.Delta) {
	x.scratch.told = once{}
	for b := d.Updates; len(b) > 0; {
		number, used := binary.Uvarint(b)
		if used <= 0 || number >= 1<<d.Bits || !x.scratch.told.take(number) {
			x.outbox.drop(DropInvalid)
			return
		}
		theirs, rest, ok := readFingerprint(b[used:])
		size := (theirs.members + 7) / 8
		if !ok || len(rest) < size {
			x.outbox.drop(DropInvalid)
			return
		}
		named := bitmap(rest[:size])
		lags, rest, err := wire.ReadColumn(rest[size:], named.ones(theirs.members), x.scratch.read[:0])
		x.scratch.read = lags[:0]
		if err != nil {
			x.outbox.drop(DropInvalid)
			return
		}
		if rows, ours := x.bucket(int(number), int(d.Bits)); ours == theirs {
			rows = x.named(rows, named)
			x.heartbeats(rows, d.Clock, lags)
			x.arrivals.mergeHeartbeats(rows, lags)
		}
		b = rest
	}
}

// named returns the members of a bucket that a bitmap names. It is valid until the next call.
func (x *exchange) named(rows bucket, named bitmap) bucket {
	list := x.scratch.named[:0]
	for i, row := range rows {
		if named.has(i) {
			list = append(list, row)
		}
	}
	x.scratch.named = list
	return list
}

// bitmap names members of a bucket by their places, least significant bit first.
type bitmap []byte

// clear returns an empty bitmap of n places, in the memory of b if that is enough.
func (b bitmap) clear(n int) bitmap {
	size := (n + 7) / 8
	if cap(b) < size {
		return make(bitmap, size)
	}
	b = b[:size]
	clear(b)
	return b
}

func (b bitmap) set(i int)      { b[i/8] |= 1 << (i % 8) }
func (b bitmap) has(i int) bool { return b[i/8]>>(i%8)&1 == 1 }

// ones counts those that are named among the first n places.
func (b bitmap) ones(n int) (count int) {
	for _, eight := range b[:n/8] {
		count += bits.OnesCount8(eight)
	}
	if n%8 > 0 {
		count += bits.OnesCount8(b[n/8] & (1<<(n%8) - 1))
	}
	return count
}
