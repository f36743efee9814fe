package gossip

import "encoding/binary"

// A delta's Newer holds, for each bucket that both sides list alike and of which the sender knows higher heartbeats: the
// number of the bucket as a varint, its mark, a bitmap of whose heartbeats follow, least significant bit first, and a
// column of their lags.

// newer tells the heartbeats of a bucket that are higher than the peer's.
func (r *reply) newer(number int, mine bucket, higher []bool) {
	e := r.engine
	buf := binary.AppendUvarint(e.scratch.buf[:0], uint64(number))
	buf = mine.mark().append(buf)
	bitmap := len(buf)
	buf = append(buf, make([]byte, (len(mine)+7)/8)...)
	numbers := e.scratch.numbers[:0]
	for i := range mine {
		if higher[i] && mine[i].member != nil { // this member's own heartbeat is in the header
			buf[bitmap+i/8] |= 1 << (i % 8)
			numbers = append(numbers, expected(mine[i].record, r.delta.Clock)-int64(mine[i].heartbeat))
		}
	}
	if len(numbers) > 0 {
		buf = e.scratch.column.append(buf, numbers)
		r.part(&r.delta.Newer, buf, len(numbers))
	}
	e.scratch.numbers, e.scratch.buf = numbers, buf
}

// applyNewer takes the heartbeats that a peer knew to be higher. A bucket that has changed here since the digest was
// sent is left out.
func (e *Engine) applyNewer(d *Delta) {
	if len(d.Newer) == 0 {
		return
	}
	list := e.listing()
	for b := d.Newer; len(b) > 0; {
		number, used := binary.Uvarint(b)
		if used <= 0 || number >= 1<<d.Bits {
			e.drop(DropInvalid)
			return
		}
		theirs, rest, ok := readMark(b[used:])
		bitmap := (theirs.members + 7) / 8
		if !ok || len(rest) < bitmap {
			e.drop(DropInvalid)
			return
		}
		named := rest[:bitmap]
		lags, rest, err := readColumn(rest[bitmap:], ones(named, theirs.members), e.scratch.read[:0])
		e.scratch.read = lags[:0]
		if err != nil {
			e.drop(DropInvalid)
			return
		}
		if mine := find(list, int(number), int(d.Bits)); mine.mark() == theirs {
			e.mergeNamed(mine, named, d.Clock, lags)
		}
		b = rest
	}
}

func (e *Engine) mergeNamed(mine bucket, named []byte, clock uint64, lags []int64) {
	for i := range mine {
		if named[i/8]>>(i%8)&1 == 1 {
			e.mergeHeartbeat(&mine[i], heartbeatOf(mine[i].record, clock, lags[0]))
			lags = lags[1:]
		}
	}
}

// ones counts the ones among the first n bits.
func ones(bitmap []byte, n int) (count int) {
	for i := range n {
		count += int(bitmap[i/8] >> (i % 8) & 1)
	}
	return count
}
