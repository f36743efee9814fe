package gossip

import (
	"net/netip"
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Evidence travels as news does: pushed to a few at once, from a tenth of an interval's worth in one packet. An opinion
// goes to four members at random and to the other witnesses, who ask for themselves. Once there are enough opinions,
// everybody passes them on before it has asked: asking takes ten times as long as telling, and so all ask at the same time. A
// heartbeat that refutes an opinion goes the same way as long as it meets somebody who doubts. The doubted member itself
// answers at once, and again when its heartbeat has risen.

// evidence is what is to be told with the next packet of it.
type evidence struct {
	doubts []*doubt
	signs  []string // members that were doubted and live
	next   membership.Instant
}

func (v *evidence) empty() bool { return len(v.doubts)+len(v.signs) == 0 }

// maxCallers bounds how many members a doubted one tells of its next heartbeat.
const maxCallers = 32

// spread passes on what enough members have come to agree on.
func (e *Engine) spread(d *doubt) {
	if !d.told && e.shared(d) {
		e.tellOpinion(d)
	}
}

// tellOpinion queues a doubt to be told of.
func (e *Engine) tellOpinion(d *doubt) {
	if !d.told && e.shared(d) {
		d.told, d.again = true, retellings
	}
	e.hurryEvidence()
	if !slices.Contains(e.evidence.doubts, d) {
		e.evidence.doubts = append(e.evidence.doubts, d)
	}
}

// tellSign queues a heartbeat that shows that a member lives.
func (e *Engine) tellSign(m *membership.Member) {
	e.hurryEvidence()
	if !slices.Contains(e.evidence.signs, m.Record.Name) {
		e.evidence.signs = append(e.evidence.signs, m.Record.Name)
	}
}

func (e *Engine) hurryEvidence() {
	if e.evidence.empty() {
		e.evidence.next = e.nextBatch()
	}
}

// pushEvidence sends one packet of evidence. What does not fit waits for the next one.
func (e *Engine) pushEvidence() {
	v := &e.evidence
	if v.empty() || e.now < v.next {
		return
	}
	left := e.anyPacketBudget()
	told := wire.Evidence{Refutations: e.takeSigns(&left)}
	doubts, witnesses := e.takeDoubts(&left)
	told.Suspicions = doubts
	v.next = e.nextBatch()
	if len(told.Suspicions)+len(told.Refutations) > 0 {
		e.sendEvidence(told, witnesses)
	}
}

// takeSigns takes as many signs of life off the queue as fit.
func (e *Engine) takeSigns(left *budget) (signs []wire.Refutation) {
	v, taken := &e.evidence, 0
	for _, name := range v.signs {
		if m := e.table.Get(name); m != nil {
			s := wire.Refutation{Name: name, Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat}
			if !left.take(wire.SizeRefutation(s)) {
				break
			}
			signs = append(signs, s)
		}
		taken++
	}
	v.signs = slices.Delete(v.signs, 0, taken)
	return signs
}

// takeDoubts takes as many doubts off the queue as fit. The witnesses are those who may lack an opinion that is told.
func (e *Engine) takeDoubts(left *budget) (doubts []wire.Suspicion, witnesses []string) {
	v, taken := &e.evidence, 0
	for _, d := range v.doubts {
		w := e.wireDoubt(d)
		if len(w.Accusations) > 0 && !left.take(wire.SizeSuspicion(w)) {
			break
		}
		taken++
		if len(w.Accusations) == 0 {
			continue
		}
		doubts = append(doubts, w)
		if len(d.others) < enoughOpinions {
			for _, o := range d.others {
				witnesses = append(witnesses, o.Accuser)
			}
		}
	}
	v.doubts = slices.Delete(v.doubts, 0, taken)
	return doubts, witnesses
}

// wireDoubt returns what is told of a doubt: the opinions that stand, this member's own first.
func (e *Engine) wireDoubt(d *doubt) wire.Suspicion {
	if !d.asking.vain && !e.shared(d) || !slices.Contains(e.doubts.all, d) {
		return wire.Suspicion{} // it has been refuted meanwhile, or the member forgotten: then its row may be another's
	}
	w := wire.Suspicion{Name: d.member.Record.Name, Incarnation: d.member.Record.Incarnation}
	if d.asking.vain {
		w.Accusations = append(w.Accusations, wire.Accusation{Accuser: e.self.record.Name, Heartbeat: d.asking.since})
	}
	w.Accusations = append(w.Accusations, d.others...)
	return w
}

// sendEvidence sends to a few random members that can be heard, and to those named.
func (e *Engine) sendEvidence(v wire.Evidence, also []string) {
	peers := e.randomPeers(e.cfg.NewsFanout)
	for _, name := range also {
		if m := e.table.Get(name); m != nil && m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	for _, m := range peers {
		told := v
		e.send(m.Record.Address, m.Record.Name, &told)
	}
}

// receiveEvidence takes the signs of life and the opinions that somebody tells.
func (e *Engine) receiveEvidence(from netip.AddrPort, v *wire.Evidence) {
	for _, s := range v.Refutations {
		if m := e.table.Get(s.Name); m != nil && counts(s.Incarnation) && counts(s.Heartbeat) {
			e.advance(m, s.Incarnation, s.Heartbeat)
		}
	}
	var known []wire.Refutation // what refutes them
	for _, d := range v.Suspicions {
		if d.Name == e.self.record.Name {
			e.noteCaller(v.From)
			continue
		}
		m := e.table.Get(d.Name)
		if m == nil || !m.State.Present() || d.Incarnation > m.Record.Incarnation {
			continue
		}
		if e.weigh(m, d) {
			known = append(known, wire.Refutation{Name: d.Name, Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat})
		}
	}
	if len(known) > 0 {
		e.send(from, v.From, &wire.Evidence{Refutations: known})
	}
}

// weigh takes the opinions about one member. It reports whether they are refuted by what this member knows.
func (e *Engine) weigh(m *membership.Member, d wire.Suspicion) (refuted bool) {
	if d.Incarnation < m.Record.Incarnation {
		return true
	}
	for _, o := range d.Accusations {
		switch {
		case o.Heartbeat < m.Heartbeat:
			refuted = true
		case o.Accuser == e.self.record.Name, o.Accuser == d.Name, !e.credible(o, m):
		default:
			e.hearOpinion(m, o)
		}
	}
	if held := e.doubtOf(m); held != nil {
		e.askAgain(m, 0)
		e.spread(held)
		e.judge(m)
	}
	return refuted
}

// credible reports whether the witness is a member, and the heartbeat one that may be due by now.
func (e *Engine) credible(o wire.Accusation, about *membership.Member) bool {
	w := e.table.Get(o.Accuser)
	return w != nil && w.State.Present() && counts(o.Heartbeat) &&
		membership.CheckClock(e.wall, about.Record.Incarnation, o.Heartbeat, about.Record.Interval) == nil
}

// noteCaller remembers somebody who doubts this member.
func (e *Engine) noteCaller(name string) {
	if len(e.callers) < maxCallers && !slices.Contains(e.callers, name) {
		e.callers = append(e.callers, name)
	}
}

// answerCallers tells those who doubt this member that its heartbeat has risen: the header of any message does.
func (e *Engine) answerCallers() {
	for _, name := range e.callers {
		if m := e.table.Get(name); m != nil {
			e.send(m.Record.Address, name, &wire.Evidence{})
		}
	}
	e.callers = e.callers[:0]
}
