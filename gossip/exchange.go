package gossip

import (
	"net/netip"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// answerDigest merges what the sender knows and replies with what it lacks (R5). A bucket whose mark is the same on
// both sides is settled by its column; one that differs, by a roster. There is always a reply: its header is the
// freshest news of this member that the sender can get.
func (e *Engine) answerDigest(from netip.AddrPort, d *wire.Digest, wants []string) {
	reply := e.newReply(d.From, wants)
	reply.delta.Bits = d.Bits
	e.tellLaterLife(d, reply)
	bits := int(d.Bits)
	columns := d.Columns
	for i := range int(d.Count) {
		theirs, lags, rest, ok := e.readBucket(columns)
		if !ok {
			e.drop(DropInvalid)
			break
		}
		columns = rest
		number := (int(d.First) + i) % (1 << bits)
		if mine, m := e.bucket(number, bits); m == theirs {
			reply.mergeColumn(number, mine, theirs, d.Clock, lags)
		} else {
			reply.mismatch(number)
		}
	}
	e.send(from, d.From, reply.finish())
}

// tellLaterLife tells a sender of a later life under its name, dead or not: whoever restarted with a clock that had gone
// back must rise above it, or nobody will believe that it lives (R14).
func (e *Engine) tellLaterLife(d *wire.Digest, reply *reply) {
	if m := e.table.Get(d.From); m != nil && m.Record.Incarnation > d.Incarnation {
		reply.record(m.Entry)
	}
}

// mergeColumn takes the heartbeats of a bucket that both sides list alike, and tells the sender those that are higher here.
func (r *reply) mergeColumn(number int, mine bucket, m mark, clock uint64, lags []int64) {
	e, x := r.engine, &r.engine.scratch.expect
	higher := e.scratch.higher.clear(len(mine))
	numbers := e.scratch.numbers[:0]
	e.heartbeats(mine, clock, lags)
	for i, row := range mine {
		if uint64(lags[i]) < row.Heartbeat && !e.isOwn(row) { // this member's own heartbeat is in the header
			higher.set(i)
			numbers = append(numbers, x.lag(row, r.delta.Clock))
		}
	}
	e.scratch.higher, e.scratch.numbers = higher, numbers
	e.mergeHeartbeats(mine, lags)
	if len(numbers) > 0 {
		r.newer(number, m, higher, numbers)
	}
}

// mergeHeartbeats takes what somebody tells of the heartbeats of records that both have.
func (e *Engine) mergeHeartbeats(rows bucket, heartbeats []int64) {
	for len(rows) > 0 {
		n := e.riseAsUsual(rows, heartbeats)
		if n < len(rows) {
			e.mergeHeartbeat(rows[n], uint64(heartbeats[n]))
			n++
		}
		rows, heartbeats = rows[n:], heartbeats[n:]
	}
}

// mergeHeartbeat takes what somebody tells of the heartbeat of a record that both have.
func (e *Engine) mergeHeartbeat(row *membership.Member, heartbeat uint64) {
	switch {
	case heartbeat <= row.Heartbeat:
	case e.isOwn(row):
		e.rumourOfSelf(row.Record.Incarnation, heartbeat, row.Record)
	default:
		e.rise(row, heartbeat)
	}
}

// applyDelta takes what a peer had newer, and gives what it asked for or evidently lacks.
func (e *Engine) applyDelta(from netip.AddrPort, d *wire.Delta, wants []string) {
	for _, en := range d.Entries {
		e.learn(en, en.Record.Name == d.From, true)
	}
	e.applyNewer(d)
	answer := e.newReply(d.From, wants)
	missing := e.applyRosters(d, answer)
	e.serve(d, answer)
	if out := answer.finish(); out.Empty() {
		e.spare.keepDelta(out)
	} else {
		e.send(from, d.From, out)
	}
	if d.More || missing > maxMissing {
		e.askSync(from)
	}
}

// maxMissing is how many records a peer may have that this member lacks before a full exchange on a stream is the
// shorter way to get them.
const maxMissing = 32

// serve adds the records that a peer asked for, by name or by print.
func (e *Engine) serve(d *wire.Delta, answer *reply) {
	for _, name := range d.Wants {
		if name == e.self.record.Name {
			answer.record(e.selfEntry())
		} else if m := e.table.Get(name); m != nil {
			answer.give(m)
		}
	}
	if len(d.Fingerprints) == 0 {
		return
	}
	asked := make(map[uint32]bool, len(d.Fingerprints))
	for _, p := range d.Fingerprints {
		asked[p] = true
	}
	if asked[e.self.print] {
		answer.record(e.selfEntry())
	}
	for _, m := range e.table.All() {
		if asked[m.Fingerprint] {
			answer.give(m)
		}
	}
}

// give tells of a member that the peer asked for.
func (r *reply) give(m *membership.Member) {
	if r.engine.introduced(m) {
		r.record(m.Entry)
	}
}
