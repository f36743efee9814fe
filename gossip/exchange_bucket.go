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

// bucket returns a bucket by its number, and its fingerprint. The bucket is valid until the next call, and until the table
// changes.
func (x *exchange) bucket(number, bits int) (bucket, fingerprint) {
	b := x.table.Bucket(number, bits)
	own := bucketOf(x.self.hash, bits) == number
	if !own && b.Gone == 0 {
		return b.Members, fingerprint{members: len(b.Members), sum: b.Fingerprints}
	}
	list, others := x.scratch.list[:0], b.Members
	if own {
		before := x.table.Place(x.self.hash, x.self.record.Name) - b.From
		list = append(x.appendListed(list, others[:before]), x.ownRow())
		others = others[before:]
	}
	list = x.appendListed(list, others)
	x.scratch.list = list
	return list, list.fingerprint()
}

func (x *exchange) appendListed(list bucket, members []*membership.Member) bucket {
	for _, m := range members {
		if x.retention.listed(m) {
			list = append(list, m)
		}
	}
	return list
}

// ownRow returns a row for this member itself, as the table has them of others.
func (x *exchange) ownRow() *membership.Member {
	x.scratch.own.Entry, x.scratch.own.Fingerprint = x.self.entry(), x.self.fingerprint
	return &x.scratch.own
}

// isOwn reports whether a row is that of this member itself.
func (x *exchange) isOwn(m *membership.Member) bool { return m == &x.scratch.own }

// countListed returns how many members digests list, this one included.
func (x *exchange) countListed() int {
	n := 1 + x.table.Len()
	for _, m := range x.table.Gone() {
		if !x.retention.listed(m) {
			n--
		}
	}
	return n
}

// fingerprint is what tells whether two members list the same records in a bucket: how many, and a sum of the fingerprints of
// the records.
type fingerprint struct {
	members int
	sum     uint32
}

func (b bucket) fingerprint() fingerprint {
	f := fingerprint{members: len(b)}
	for _, row := range b {
		f.sum += row.Fingerprint
	}
	return f
}

// append writes a fingerprint: the number of members as a varint, and unless that is 0 the sum in 4 bytes.
func (f fingerprint) append(buf []byte) []byte {
	buf = binary.AppendUvarint(buf, uint64(f.members))
	if f.members > 0 {
		buf = binary.BigEndian.AppendUint32(buf, f.sum)
	}
	return buf
}

// lags returns how far the heartbeats of a bucket are behind what a clock lets expect. The slice is valid until the
// next call.
func (x *exchange) lags(b bucket, clock uint64) []int64 {
	numbers := slices.Grow(x.scratch.numbers[:0], len(b))[:len(b)]
	x.scratch.expect.heartbeats(b, clock, numbers)
	for i, m := range b {
		numbers[i] -= int64(m.Heartbeat)
	}
	x.scratch.numbers = numbers
	return numbers
}

// heartbeats puts the heartbeats that lags stand for in their place; 0 where one stands for none.
func (x *exchange) heartbeats(b bucket, clock uint64, lags []int64) {
	expected := slices.Grow(x.scratch.expected[:0], len(b))[:len(b)]
	x.scratch.expect.heartbeats(b, clock, expected)
	for i, lag := range lags {
		lags[i] = max(expected[i]-lag, 0)
	}
	x.scratch.expected = expected
}

// once are the buckets that one part of a message has told. An honest sender tells each once; without that bound a few bytes
// for each telling of a bucket that holds all members would cost as much as the whole table, a thousand times in a packet.
type once [1 << wire.MaxBucketBits / 64]uint64

// take reports whether a bucket is told for the first time.
func (o *once) take(number uint64) bool {
	word, bit := &o[number/64], uint64(1)<<(number%64)
	first := *word&bit == 0
	*word |= bit
	return first
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
	buf      []byte
	updates  []byte
	listings []byte
	reply    reply
	higher   bitmap
	known    map[uint32]*membership.Member
	told     once
}
