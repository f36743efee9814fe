package gossip

import (
	"encoding/binary"
	"heartsay/gossip/wire"
)

// A delta's Newer holds, for each bucket that both sides list alike and of which the sender knows higher heartbeats: the
// number of the bucket as a varint, its mark, a bitmap of whose heartbeats follow, least significant bit first, and a
// column of their lags.

// newer tells the heartbeats of a bucket that are higher than the peer's, by their lags.
func (r *reply) newer(number int, m mark, higher bitmap, lags []int64) {
	s := &r.engine.scratch
	s.buf = binary.AppendUvarint(s.buf[:0], uint64(number))
	s.buf = m.append(s.buf)
	s.buf = append(s.buf, higher...)
	s.buf = s.column.Append(s.buf, lags)
	r.part(&r.delta.Updates, s.buf, len(lags))
}

// applyNewer takes the heartbeats that a peer knew to be higher. A bucket that has changed here since the digest was
// sent is left out.
func (e *Engine) applyNewer(d *wire.Delta) {
	for b := d.Updates; len(b) > 0; {
		number, used := binary.Uvarint(b)
		if used <= 0 || number >= 1<<d.Bits {
			e.drop(DropInvalid)
			return
		}
		theirs, rest, ok := readMark(b[used:])
		size := (theirs.members + 7) / 8
		if !ok || len(rest) < size {
			e.drop(DropInvalid)
			return
		}
		named := bitmap(rest[:size])
		lags, rest, err := wire.ReadColumn(rest[size:], named.ones(theirs.members), e.scratch.read[:0])
		e.scratch.read = lags[:0]
		if err != nil {
			e.drop(DropInvalid)
			return
		}
		if mine, m := e.bucket(int(number), int(d.Bits)); m == theirs {
			e.mergeNamed(e.named(mine, named), d.Clock, lags)
		}
		b = rest
	}
}

// named returns the members of a bucket that a bitmap names. It is valid until the next call.
func (e *Engine) named(mine bucket, named bitmap) bucket {
	list := e.scratch.named[:0]
	for i, row := range mine {
		if named.has(i) {
			list = append(list, row)
		}
	}
	e.scratch.named = list
	return list
}

func (e *Engine) mergeNamed(rows bucket, clock uint64, lags []int64) {
	e.heartbeats(rows, clock, lags)
	e.mergeHeartbeats(rows, lags)
}
