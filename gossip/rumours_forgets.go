package gossip

import (
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// A request to forget a member everywhere (R10) is a rumour: each member that obeys it passes it on to four others at random, at
// once and in three more rounds. It travels with evidence, in what room that leaves, and is evidence itself: that an operator
// says that the member will not come back. Everybody obeys only where it holds the member dead or left by its own verdict,
// and knows no heartbeat that is higher than the one that was due when the operator asked.

// forgetting is a request that is still passed on.
type forgetting struct {
	wire.Forget
	retransmits int // how often it is sent yet
}

// addForget queues a request.
func (r *rumours) addForget(f wire.Forget) {
	r.hurryEvidence()
	r.evidence.forgets = append(r.evidence.forgets, forgetting{f, 1 + maxRetransmits})
}

// takeForgets takes as many requests off the queue as fit.
func (r *rumours) takeForgets(left *budget) (forgets []wire.Forget) {
	v, taken := &r.evidence, 0
	for _, f := range v.forgets {
		if !left.take(wire.SizeForget(f.Forget)) {
			break
		}
		taken++
		forgets = append(forgets, f.Forget)
		if f.retransmits--; f.retransmits > 0 {
			r.later = append(r.later, f)
		}
	}
	if v.forgets = v.forgets[taken:]; len(v.forgets) == 0 {
		v.forgets = nil // lets go of them
	}
	return forgets
}

// repeatForgets is called once a round.
func (r *rumours) repeatForgets() {
	if len(r.later) > 0 && len(r.evidence.forgets) == 0 {
		r.hurryEvidence()
		r.evidence.forgets, r.later = r.later, nil
	}
}

// requestToForget returns what asks others to forget a member, which is nil if it was forgotten here before.
func (r *rumours) requestToForget(name string, m *membership.Member) wire.Forget {
	if m == nil {
		s, _ := r.table.TombstoneOf(name)
		return wire.Forget{Name: name, Incarnation: s.Incarnation, Heartbeat: s.Heartbeat}
	}
	due := dueAt(m, r.clock.now)
	if m.Remembered {
		due = max(due, r.clock.expectedHeartbeat(m))
	}
	return wire.Forget{Name: name, Incarnation: m.Record.Incarnation, Heartbeat: due}
}

// dueAt returns the heartbeat of a member that should have been bumped by now, had it not stopped.
func dueAt(m *membership.Member, now membership.Instant) uint64 {
	due := max(0, now.Sub(m.Bumped())/m.Record.Interval)
	return min(m.Heartbeat+uint64(due), membership.MaxCounter)
}

// hearForget obeys a request of an operator elsewhere, if this member itself holds the member dead or left and knows of no life
// since.
func (e *Engine) hearForget(from string, f wire.Forget) {
	m := e.table.Get(f.Name)
	if m == nil || m.State.Present() || !isCounter(f.Heartbeat) || membership.After(m.Record.Incarnation, m.Heartbeat, f.Incarnation, f.Heartbeat) {
		return
	}
	e.rumours.addForget(f)
	e.forget(m, "asked for everywhere, heard from "+from)
}
