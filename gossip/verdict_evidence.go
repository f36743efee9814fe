package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// How evidence for and against members under suspicion is weighed and passed on (R8).

// tell queues a suspicion to be sent, and takes note when there is a quorum.
func (v *verdicts) tell(u *suspicion) {
	if !u.announced && v.suspicions.announceable(u) {
		u.announced, u.retransmits = true, maxRetransmits
	}
	v.rumours.addSuspicion(u)
}

// announce passes on a suspicion that a quorum has come to share.
func (v *verdicts) announce(u *suspicion) {
	if !u.announced && v.suspicions.announceable(u) {
		v.tell(u)
	}
}

// settle is called once a round. It announces once more what a quorum shares, for those whom it has not reached, and drops
// the suspicions of those who have been gone for so long that no late heartbeat of theirs is under way. It also lets one more
// member be probed for its silence alone.
func (v *verdicts) settle() {
	v.probes.silenceOnly = min(v.probes.silenceOnly+1, maxSilenceOnly)
	for _, u := range slices.Clone(v.suspicions.all) {
		gone := v.clock.now.Sub(u.member.Since)
		switch {
		case u.announced && u.retransmits > 0:
			u.retransmits--
			v.tell(u)
		case !u.member.State.Present() && gone > max(v.cfg.DeadGrace, v.detector.maxSilence(v.self.record.Interval)):
			v.suspicions.close(u)
		}
	}
}

// refute takes a heartbeat that has risen as the proof that the member lived when it was probed, and tells those who accuse it.
func (v *verdicts) refute(m *membership.Member) {
	u := v.suspicions.about(m)
	if u == nil {
		return
	}
	accused := u.probing.failed
	if p := u.probing; p.since > 0 && p.since < m.Heartbeat {
		v.detector.loss.failed(p.sent)
		v.suspicions.endProbing(u)
	}
	n := len(u.accusations)
	u.accusations = slices.DeleteFunc(u.accusations, func(a wire.Accusation) bool { return a.Heartbeat < m.Heartbeat })
	if accused && u.probing.since == 0 || len(u.accusations) < n {
		v.rumours.addRefutation(m)
	}
	v.suspicions.closeIfEmpty(u)
}

// weigh takes what others say against one member. It returns the heartbeat that refutes it when this member knows one.
func (v *verdicts) weigh(w wire.Suspicion) (refutation wire.Refutation, refuted bool) {
	m := v.table.Get(w.Name)
	if m == nil || !m.State.Present() || w.Incarnation > m.Record.Incarnation {
		return wire.Refutation{}, false
	}
	refutation = wire.Refutation{Name: w.Name, Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat}
	if w.Incarnation < m.Record.Incarnation {
		return refutation, true
	}
	for _, a := range w.Accusations {
		switch {
		case a.Heartbeat < m.Heartbeat:
			refuted = true
		case a.Accuser == v.self.record.Name, a.Accuser == w.Name, !v.credible(a, m):
		default:
			v.suspicions.accuse(m, a)
		}
	}
	if u := v.suspicions.about(m); u != nil {
		v.probe(m, 0)
		v.announce(u)
		v.judge(m)
	}
	return refutation, refuted
}

// credible reports whether the accuser is a member, and the heartbeat one that may be due by now.
func (v *verdicts) credible(a wire.Accusation, about *membership.Member) bool {
	w := v.table.Get(a.Accuser)
	return w != nil && w.State.Present() && isCounter(a.Heartbeat) &&
		membership.CheckClock(v.clock.wall, about.Record.Incarnation, a.Heartbeat, about.Record.Interval) == nil
}
