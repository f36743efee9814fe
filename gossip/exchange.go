package gossip

import (
	"net/netip"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// An exchange is how two members settle what they know (R5), in packets:
//
//	digest    all heartbeats that this member knows, bucket by bucket (exchange_digest.go)
//	delta     the reply (exchange_reply.go): updates, where both list a bucket alike (exchange_updates.go); listings,
//	          where they do not (exchange_listings.go); records that the other side evidently lacks
//	delta     the answer to that, when listings leave something to ask for or to give
//
// What does not fit packets goes over a stream (exchange_sync.go). Members are dealt into buckets by the hashes of their names
// (exchange_bucket.go), heartbeats travel as lags behind what a clock lets expect (exchange_lag.go).
//
// The rounds send digests; messages that arrive are answered here. Heartbeats and records found in them go to the arrivals.
type exchange struct {
	cfg       *Config
	clock     *clock
	self      *self
	table     *membership.Table
	outbox    *outbox
	retention *retention
	arrivals  arrivals

	cursor   int                // number of the bucket that the next digest begins with, when the view does not fit one packet
	turn     int                // where the next reply starts among the listings that do not fit
	nextSync membership.Instant // before it no full exchange is asked for again

	scratch scratch
}

// arrivals take what exchanges tell. The engine does.
type arrivals interface {
	learn(en membership.Entry, direct, tell bool)
	mergeHeartbeats(rows bucket, heartbeats []int64)
	mergeHeartbeat(row *membership.Member, heartbeat uint64)
}

// answerDigest merges what the sender knows and replies with what it lacks. A bucket whose fingerprint is the same on
// both sides is settled by its column; one that differs, by a listing. There is always a reply: its header is the
// freshest news of this member that the sender can get. Wants are the records that this member lacks.
func (x *exchange) answerDigest(from netip.AddrPort, d *wire.Digest, wants []string) {
	r := x.newReply(d.From, wants)
	r.delta.Bits = d.Bits
	x.tellLaterLife(d, r)
	bits := int(d.Bits)
	columns := d.Columns
	for i := range int(d.Count) {
		theirs, lags, rest, ok := x.readBucket(columns)
		if !ok {
			x.outbox.drop(DropInvalid)
			break
		}
		columns = rest
		number := (int(d.First) + i) % (1 << bits)
		if rows, ours := x.bucket(number, bits); ours == theirs {
			x.mergeColumn(r, number, rows, ours, d.Clock, lags)
		} else {
			r.differs(number)
		}
	}
	x.outbox.send(from, d.From, r.finish())
}

// tellLaterLife tells a sender of a later life under its name, dead or not: a member that restarted with a clock that had gone
// back must rise above it, or nobody will believe that it lives (R14).
func (x *exchange) tellLaterLife(d *wire.Digest, r *reply) {
	if m := x.table.Get(d.From); m != nil && m.Record.Incarnation > d.Incarnation {
		r.record(m.Entry)
	}
}

// mergeColumn takes the heartbeats of a bucket that both sides list alike, and tells the sender those that are higher here.
func (x *exchange) mergeColumn(r *reply, number int, rows bucket, f fingerprint, clock uint64, lags []int64) {
	s := &x.scratch
	higher := s.higher.clear(len(rows))
	updates := s.numbers[:0]
	x.heartbeats(rows, clock, lags)
	for i, row := range rows {
		if uint64(lags[i]) < row.Heartbeat && !x.isOwn(row) { // this member's own heartbeat is in the header
			higher.set(i)
			updates = append(updates, s.expect.lag(row, r.delta.Clock))
		}
	}
	s.higher, s.numbers = higher, updates
	x.arrivals.mergeHeartbeats(rows, lags)
	if len(updates) > 0 {
		r.update(number, f, higher, updates)
	}
}

// applyDelta takes what a peer had newer, and gives what it asked for or evidently lacks.
func (x *exchange) applyDelta(from netip.AddrPort, d *wire.Delta, wants []string) {
	for _, en := range d.Entries {
		x.arrivals.learn(en, en.Record.Name == d.From, true)
	}
	x.applyUpdates(d)
	r := x.newReply(d.From, wants)
	missing := x.applyListings(d, r)
	x.serve(d, r)
	if out := r.finish(); out.Empty() {
		x.outbox.spare.keepDelta(out)
	} else {
		x.outbox.send(from, d.From, out)
	}
	if d.More || missing > maxMissing && x.retention.makesRoom() {
		x.askSync(from)
	}
}

// maxMissing is how many records a peer may have that this member lacks before a full exchange on a stream is the
// shorter way to get them.
const maxMissing = 32

// serve adds the records that a peer asked for, by name or by fingerprint.
func (x *exchange) serve(d *wire.Delta, r *reply) {
	for _, name := range d.Wants {
		if name == x.self.record.Name {
			r.record(x.self.entry())
		} else if m := x.table.Get(name); m != nil {
			r.give(m)
		}
	}
	if len(d.Fingerprints) == 0 {
		return
	}
	asked := make(map[uint32]bool, len(d.Fingerprints))
	for _, f := range d.Fingerprints {
		asked[f] = true
	}
	if asked[x.self.fingerprint] {
		r.record(x.self.entry())
	}
	for _, m := range x.table.All() {
		if asked[m.Fingerprint] {
			r.give(m)
		}
	}
}
