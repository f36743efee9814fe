package gossip

import (
	"net/netip"

	"heartsay/membership"
)

// answerDigest merges what the sender knows and replies with what it lacks (R5). A bucket whose mark is the same on
// both sides is settled by its column; one that differs, by a roster. There is always a reply: its header is the
// freshest news of this member that the sender can get.
func (e *Engine) answerDigest(from netip.AddrPort, d *Digest, wants []string) {
	reply := e.newReply(d.From, wants)
	reply.delta.Bits = d.Bits
	e.tellLaterLife(d, reply)
	list, bits := e.listing(), int(d.Bits)
	columns := d.Columns
	for i := range int(d.Count) {
		theirs, lags, rest, ok := e.readBucket(columns)
		if !ok {
			e.drop(DropInvalid)
			break
		}
		columns = rest
		number := (int(d.First) + i) % (1 << bits)
		mine := find(list, number, bits)
		if mine.mark() == theirs {
			reply.newer(number, mine, e.mergeColumn(mine, d.Clock, lags))
		} else {
			reply.mismatch(number)
		}
	}
	e.send(from, d.From, reply.finish(list))
}

// tellLaterLife tells a sender of a later life under its name, dead or not: whoever restarted with a clock that had gone
// back must rise above it, or nobody will believe that it lives (R14).
func (e *Engine) tellLaterLife(d *Digest, reply *reply) {
	if m := e.table.Get(d.From); m != nil && m.Record.Incarnation > d.Incarnation {
		reply.record(m.Entry)
	}
}

// mergeColumn takes the heartbeats of a bucket that both sides list alike, and returns which of this member's own are
// higher than the sender's. The result is valid until the next call.
func (e *Engine) mergeColumn(mine bucket, clock uint64, lags []int64) (higher []bool) {
	higher = e.scratch.higher[:0]
	for i := range mine {
		theirs := heartbeatOf(mine[i].record, clock, lags[i])
		higher = append(higher, theirs < mine[i].heartbeat)
		e.mergeHeartbeat(&mine[i], theirs)
	}
	e.scratch.higher = higher
	return higher
}

// mergeHeartbeat takes what somebody tells of the heartbeat of a record that both have.
func (e *Engine) mergeHeartbeat(l *listed, heartbeat uint64) {
	switch {
	case heartbeat <= l.heartbeat:
	case l.member == nil:
		e.rumourOfSelf(l.record.Incarnation, heartbeat, l.record)
	default:
		e.advance(l.member, l.record.Incarnation, heartbeat)
		l.heartbeat = l.member.Heartbeat
	}
}

// applyDelta takes what a peer had newer, and gives what it asked for or evidently lacks.
func (e *Engine) applyDelta(from netip.AddrPort, d *Delta, wants []string) {
	for _, en := range d.Records {
		e.learn(en, en.Record.Name == d.From, true)
	}
	e.applyNewer(d)
	answer := e.newReply(d.From, wants)
	missing := e.applyRosters(d, answer)
	e.serve(d, answer)
	if out := answer.finish(nil); !out.empty() {
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
func (e *Engine) serve(d *Delta, answer *reply) {
	for _, name := range d.Wants {
		if name == e.self.record.Name {
			answer.record(e.selfEntry())
		} else if m := e.table.Get(name); m != nil {
			answer.give(m)
		}
	}
	if len(d.Prints) == 0 {
		return
	}
	asked := make(map[uint32]bool, len(d.Prints))
	for _, p := range d.Prints {
		asked[p] = true
	}
	if asked[e.self.print] {
		answer.record(e.selfEntry())
	}
	for _, m := range e.table.All() {
		if asked[m.Print] {
			answer.give(m)
		}
	}
}

// give tells of a member that the peer asked for. The dead are not introduced to anybody (R10).
func (r *reply) give(m *membership.Member) {
	if m.State != membership.Dead {
		r.record(m.Entry)
	}
}
