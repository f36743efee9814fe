package gossip

import (
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Probes are pings to a member under suspicion, in series (R8). A series begins because the member did not reply to a digest,
// because others accuse it, or because it has been silent for a time-out. It goes on until the member replies, until nobody
// else need agree, or until a quorum does. How many probes have to fail is the detector's to say (detector_probes.go).
const (
	// accusationDecades is how improbable the silence of a living member has to be for an accusation: −log10 of 1 in 1000. With
	// 1 in 100, three accusers were wrong together about once an hour among 128 members that lose 30 % of their packets.
	accusationDecades = 3

	// leastConclusive is how many probes have to fail at least until nobody else's accusation is needed. A member that suddenly
	// loses four fifths of what it gets does not know so yet, and after three failed probes it declared the living dead.
	leastConclusive = 24

	// maxProbed bounds how many members are probed at once, beyond exchanges.
	maxProbed = 64

	// maxSilenceOnly bounds how many members are probed for their silence alone and reply: as many at first, and then one in
	// each round. Where more do, it is the gossip that is slow, and no probe makes it faster.
	maxSilenceOnly = 8

	// probePace bounds how fast probes follow each other: so many in half an interval.
	probePace = 8
)

// probe begins a series of probes of a member, of which it has not replied to the first sent. When many are being probed
// already, it is judged again soon. It reports whether a series begins.
func (v *verdicts) probe(m *membership.Member, sent int) bool {
	now := v.clock.now
	switch u := v.suspicions.about(m); {
	case u != nil && u.probing.since > 0:
		return false
	case len(v.probes.series) >= maxProbed:
		v.next.by(now.Add(v.self.record.Interval / 2))
		return false
	}
	u := v.suspicions.open(m)
	u.probing = probing{since: dueAt(m, now), began: now, sent: sent, next: now}
	v.probes.series = append(v.probes.series, u)
	v.probes.next.by(now)
	return true
}

// probeSilent begins to probe a member that nothing but its silence speaks against.
func (v *verdicts) probeSilent(m *membership.Member) {
	if v.probes.silenceOnly > 0 && v.probe(m, 0) {
		v.suspicions.about(m).probing.silenceOnly = true
	}
}

// probeOverdue probes those that have not replied to a digest in time. The digest counts as the first probe.
func (v *verdicts) probeOverdue(names []string) {
	for _, name := range names {
		if m := v.table.Get(name); m != nil && m.State.Present() {
			v.probe(m, 1)
		}
	}
}

// sendProbes sends the probes that are due, and makes the accusations that are.
func (v *verdicts) sendProbes() {
	now := v.clock.now
	if now < v.probes.next.at {
		return
	}
	v.probes.next.at = endOfTime
	needed, conclusive := v.probesNeeded()
	for _, u := range slices.Clone(v.probes.series) {
		if now >= u.probing.next {
			v.continueProbing(u, needed, conclusive)
		}
	}
	for _, u := range v.probes.series {
		v.probes.next.by(u.probing.next)
	}
}

// probesNeeded returns how many probes in a row have to fail for an accusation, and for a verdict that nobody else shares:
// these say as much as the silence would. Of two members each has nobody else who could agree, and needs that for an accusation.
func (v *verdicts) probesNeeded() (accusation, conclusive int) {
	conclusive = max(v.detector.loss.probes(v.cfg.Dead.Phi), leastConclusive)
	if v.peers.others() <= 1 {
		return conclusive, conclusive
	}
	return v.detector.loss.probes(accusationDecades), conclusive
}

// continueProbing sends the next probe of a series. After the last one it waits for as long as replies take before it takes
// the series for failed. An observer that is alone with its accusation goes on until it is conclusive.
func (v *verdicts) continueProbing(u *suspicion, needed, conclusive int) {
	p, m, interval := &u.probing, u.member, v.self.record.Interval
	if p.sent >= needed && !p.failed {
		p.failed = true
		v.suspicions.votersChanged()
		v.tell(u)
		v.judge(m)
	}
	if p.failed {
		if p.conclusive = p.sent >= conclusive || v.suspicions.quorum(u); p.conclusive || !m.State.Present() {
			v.suspicions.stopProbing(u)
			v.judge(m)
			return
		}
		needed = conclusive
	}
	v.outbox.send(m.Record.Address, m.Record.Name, &wire.Ping{})
	p.sent++
	if p.sent < needed {
		p.next = v.clock.now.Add(interval / 2 / time.Duration(max(min(needed, probePace), 4)))
	} else {
		p.next = v.clock.now.Add(v.detector.replies.wait(interval))
	}
}

// replied takes a message of the member itself, not from before the probes, as the reply to them.
func (v *verdicts) replied(m *membership.Member, heartbeat uint64) {
	u := v.suspicions.about(m)
	if u == nil || u.probing.since == 0 || heartbeat < u.probing.since {
		return
	}
	v.detector.loss.failed(u.probing.sent - 1)
	v.detector.loss.replied()
	v.suspicions.endProbing(u)
	v.suspicions.closeIfEmpty(u)
}
