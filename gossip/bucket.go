package gossip

import (
	"encoding/binary"
	"math/bits"
	"sort"

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

// maxBucketBits bounds the number of buckets a reader believes in.
const maxBucketBits = 12

// bucketBits returns how many bits of the hash number the buckets of a view of n members.
func bucketBits(n int) int { return bits.Len(uint((n - 1) / bucketSize)) }

// listed is a member as digests list it.
type listed struct {
	hash      uint64
	print     uint32
	record    *membership.Record
	heartbeat uint64
	member    *membership.Member // nil for this member itself
}

// listing returns all that this member lists, itself included, by hash. The slice is valid until the next call.
func (e *Engine) listing() []listed {
	list := e.scratch.list[:0]
	own := listed{hash: e.self.hash, print: e.self.print, record: e.self.record, heartbeat: e.self.heartbeat}
	placed := false
	for _, m := range e.table.ByHash() {
		if !e.listed(m) {
			continue
		}
		if !placed && (m.Hash > own.hash || m.Hash == own.hash && m.Record.Name > own.record.Name) {
			list, placed = append(list, own), true
		}
		list = append(list, listed{m.Hash, m.Print, m.Record, m.Heartbeat, m})
	}
	if !placed {
		list = append(list, own)
	}
	e.scratch.list = list
	return list
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

// bucket is a part of a listing.
type bucket []listed

// find returns bucket number b of a listing.
func find(list []listed, b, bits int) bucket {
	from := sort.Search(len(list), func(i int) bool { return bucketOf(list[i].hash, bits) >= b })
	n := sort.Search(len(list)-from, func(i int) bool { return bucketOf(list[from+i].hash, bits) > b })
	return list[from : from+n]
}

func bucketOf(hash uint64, bits int) int { return int(hash >> (64 - bits)) } // bits 0: one bucket, number 0

// mark is what tells whether two members list the same records in a bucket: how many, and a sum of their prints.
type mark struct {
	members int
	sum     uint32
}

func (b bucket) mark() mark {
	m := mark{members: len(b)}
	for i := range b {
		m.sum += b[i].print
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

// expected returns the heartbeat that a record's owner would be at by a clock in Unix milliseconds, if that clock were
// its own. Both sides of an exchange compute the same, so only the lag behind it has to travel, and a clock that is
// off costs bits and nothing else.
func expected(r *membership.Record, clock uint64) int64 {
	return (int64(clock) - int64(r.Incarnation)) * 1000 / (r.Interval.Microseconds())
}

// lags returns how far the heartbeats of a bucket are behind what a clock lets expect. The slice is valid until the
// next call.
func (e *Engine) lags(b bucket, clock uint64) []int64 {
	numbers := e.scratch.numbers[:0]
	for i := range b {
		numbers = append(numbers, expected(b[i].record, clock)-int64(b[i].heartbeat))
	}
	e.scratch.numbers = numbers
	return numbers
}

// heartbeatOf returns the heartbeat that a lag stands for; 0 when it stands for none.
func heartbeatOf(r *membership.Record, clock uint64, lag int64) uint64 {
	if h := expected(r, clock) - lag; h > 0 {
		return uint64(h)
	}
	return 0
}

// scratch is memory that is used again for each exchange.
type scratch struct {
	list    []listed
	numbers []int64
	read    []int64
	higher  []bool
	column  columnWriter
	buf     []byte
}
