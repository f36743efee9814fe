package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// evidence is what waits to be sent for and against members under suspicion (R8).
//
// An accusation goes to four members at random and to the other accusers, who probe for themselves. Once there is a quorum,
// everybody passes the accusations on before it has probed: probing takes ten times as long as telling, and so all probe at
// the same time. A heartbeat that refutes an accusation goes the same way as long as it meets somebody who accuses. The
// accused member itself answers at once, and again when its heartbeat has risen.
type evidence struct {
	suspicions  []*suspicion
	refutations []string           // members that were under suspicion and live
	forgets     []forgetting       // members that are to be forgotten, see rumours_forgets.go
	next        membership.Instant // when the next packet goes out
}

func (v *evidence) empty() bool { return len(v.suspicions)+len(v.refutations)+len(v.forgets) == 0 }

// addSuspicion queues a suspicion.
func (r *rumours) addSuspicion(u *suspicion) {
	r.hurryEvidence()
	if !slices.Contains(r.evidence.suspicions, u) {
		r.evidence.suspicions = append(r.evidence.suspicions, u)
	}
}

// addRefutation queues the heartbeat of a member as the proof that it lives.
func (r *rumours) addRefutation(m *membership.Member) {
	r.hurryEvidence()
	if !slices.Contains(r.evidence.refutations, m.Record.Name) {
		r.evidence.refutations = append(r.evidence.refutations, m.Record.Name)
	}
}

func (r *rumours) hurryEvidence() {
	if r.evidence.empty() {
		r.evidence.next = r.nextBatch()
	}
}

// pushEvidence sends one packet of evidence, if it is due.
func (r *rumours) pushEvidence() {
	v := &r.evidence
	if v.empty() || r.clock.now < v.next {
		return
	}
	left := r.outbox.budget()
	told := wire.Evidence{Refutations: r.takeRefutations(&left)}
	suspicions, accusers := r.takeSuspicions(&left)
	told.Suspicions, told.Forgets = suspicions, r.takeForgets(&left)
	v.next = r.nextBatch()
	if len(told.Suspicions)+len(told.Refutations)+len(told.Forgets) > 0 {
		r.sendEvidence(told, accusers)
	}
}

// takeRefutations takes as many refutations off the queue as fit.
func (r *rumours) takeRefutations(left *budget) (refutations []wire.Refutation) {
	v, taken := &r.evidence, 0
	for _, name := range v.refutations {
		if m := r.table.Get(name); m != nil {
			f := wire.Refutation{Name: name, Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat}
			if !left.take(wire.SizeRefutation(f)) {
				break
			}
			refutations = append(refutations, f)
		}
		taken++
	}
	v.refutations = slices.Delete(v.refutations, 0, taken)
	return refutations
}

// takeSuspicions takes as many suspicions off the queue as fit. The accusers are those who may lack an
// accusation that is sent.
func (r *rumours) takeSuspicions(left *budget) (suspicions []wire.Suspicion, accusers []string) {
	v, taken := &r.evidence, 0
	for _, u := range v.suspicions {
		w := r.report(u)
		if len(w.Accusations) > 0 && !left.take(wire.SizeSuspicion(w)) {
			break
		}
		taken++
		if len(w.Accusations) == 0 {
			continue
		}
		suspicions = append(suspicions, w)
		if len(u.accusations) < enoughAccusers {
			for _, a := range u.accusations {
				accusers = append(accusers, a.Accuser)
			}
		}
	}
	v.suspicions = slices.Delete(v.suspicions, 0, taken)
	return suspicions, accusers
}

// report returns what is sent of a suspicion, within one packet. Where names are long and packets small, that is fewer
// accusations than there are, this member's own among them: the other accusers send theirs.
func (r *rumours) report(u *suspicion) wire.Suspicion {
	w := r.suspicions.report(u)
	for packet := r.outbox.budget(); len(w.Accusations) > 1 && wire.SizeSuspicion(w) > int(packet); {
		w.Accusations = w.Accusations[:len(w.Accusations)-1]
	}
	return w
}

// sendEvidence sends to a few random members that can be heard, and to those named.
func (r *rumours) sendEvidence(v wire.Evidence, also []string) {
	peers := r.peers.random(r.cfg.NewsFanout)
	for _, name := range also {
		if m := r.table.Get(name); m != nil && m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	for _, m := range peers {
		told := v
		r.outbox.send(m.Record.Address, m.Record.Name, &told)
	}
}
