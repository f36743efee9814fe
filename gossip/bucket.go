package gossip

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Members are dealt into buckets by the high bits of the hash of their names. Within a bucket they stand in the order
// of their hashes, so that two members who list the same records of a bucket can tell each other its heartbeats
// without a name. Whether they do, a fingerprint of the records tells. Churn in one bucket leaves the others alone.

// bucketSize is how many members a bucket holds on average at most; half of it at least. A fingerprint then costs
// about half a bit for each.
const bucketSize = 64

// maxBucket bounds the members of one bucket that a reader believes in. With 64 on average, more than a few hundred do
// not come about.
const maxBucket = 1024

// bucketBits returns how many bits of the hash number the buckets of a view of n members.
func bucketBits(n int) int { return bits.Len(uint((n - 1) / bucketSize)) }

func bucketOf(hash uint64, bits int) int { return int(hash >> (64 - bits)) } // bits 0: one bucket, number 0

// bucket is the members of a bucket as digests list them: by hash, this member itself among them. It is a part of the
// table where that can be.
type bucket []*membership.Member

// bucket returns a bucket by its number, and its mark. The bucket is valid until the next call, and until the table changes.
func (e *Engine) bucket(number, bits int) (bucket, mark) {
	b := e.table.Bucket(number, bits)
	own := bucketOf(e.self.hash, bits) == number
	if !own && b.Gone == 0 {
		return b.Members, mark{members: len(b.Members), sum: b.Fingerprints}
	}
	list, others := e.scratch.list[:0], b.Members
	if own {
		before := e.table.Place(e.self.hash, e.self.record.Name) - b.From
		list = append(e.appendListed(list, others[:before]), e.ownRow())
		others = others[before:]
	}
	list = e.appendListed(list, others)
	e.scratch.list = list
	return list, list.mark()
}

func (e *Engine) appendListed(list bucket, members []*membership.Member) bucket {
	for _, m := range members {
		if e.listed(m) {
			list = append(list, m)
		}
	}
	return list
}

// ownRow returns a row for this member itself, as the table has them of others.
func (e *Engine) ownRow() *membership.Member {
	e.scratch.own.Entry, e.scratch.own.Fingerprint = e.selfEntry(), e.self.print
	return &e.scratch.own
}

// isOwn reports whether a row is that of this member itself.
func (e *Engine) isOwn(m *membership.Member) bool { return m == &e.scratch.own }

// countListed returns how many members digests list, this one included.
func (e *Engine) countListed() int {
	n := 1 + e.table.Len()
	for _, m := range e.table.Gone() {
		if !e.listed(m) {
			n--
		}
	}
	return n
}

// listed reports whether a member is in digests: present, or gone for no longer than its grace (R10).
func (e *Engine) listed(m *membership.Member) bool {
	switch m.State {
	case membership.Dead:
		return e.now.Sub(m.Since) < e.cfg.DeadGrace
	case membership.Left:
		return e.now.Sub(m.Since) < e.cfg.LeftGrace
	}
	return true
}

// mark is what tells whether two members list the same records in a bucket: how many, and a sum of their prints.
type mark struct {
	members int
	sum     uint32
}

func (b bucket) mark() mark {
	m := mark{members: len(b)}
	for _, row := range b {
		m.sum += row.Fingerprint
	}
	return m
}

// append writes a mark: the number of members as a varint, and unless that is 0 the sum in 4 bytes.
func (m mark) append(buf []byte) []byte {
	buf = binary.AppendUvarint(buf, uint64(m.members))
	if m.members > 0 {
		buf = binary.BigEndian.AppendUint32(buf, m.sum)
	}
	return buf
}

// lags returns how far the heartbeats of a bucket are behind what a clock lets expect. The slice is valid until the
// next call.
func (e *Engine) lags(b bucket, clock uint64) []int64 {
	numbers := slices.Grow(e.scratch.numbers[:0], len(b))[:len(b)]
	e.scratch.expect.heartbeats(b, clock, numbers)
	for i, m := range b {
		numbers[i] -= int64(m.Heartbeat)
	}
	e.scratch.numbers = numbers
	return numbers
}

// heartbeats puts the heartbeats that lags stand for in their place; 0 where one stands for none.
func (e *Engine) heartbeats(b bucket, clock uint64, lags []int64) {
	expected := slices.Grow(e.scratch.expected[:0], len(b))[:len(b)]
	e.scratch.expect.heartbeats(b, clock, expected)
	for i, lag := range lags {
		lags[i] = max(expected[i]-lag, 0)
	}
	e.scratch.expected = expected
}

// scratch is memory that is used again for each exchange.
type scratch struct {
	own      membership.Member // see ownRow
	list     bucket
	named    bucket
	expect   expectation
	numbers  []int64
	expected []int64
	read     []int64
	column   wire.ColumnWriter
	waits    []float64
	buf      []byte
	newer    []byte
	rosters  []byte
	reply    reply
	peers    []*membership.Member
	higher   bitmap
	known    map[uint32]*membership.Member
}
