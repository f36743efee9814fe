package torture

import (
	"fmt"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// What is promised of namesakes (R14): a joiner under a name in use is refused, of two that live until they meet the older one
// ends, and nobody ends without one.

// secondStarts takes note of a namesake that joins where nothing is wrong: it is to be refused (R14).
func (a *recovery) secondStarts(t *sim.SameName) {
	settle := a.run.Settle()
	a.refuse[t] = t.Seed != nil && a.health.healthyFor(t.Holder, settle) && a.health.healthyFor(t.Seed, settle) && a.sees(t.Seed, t.Holder)
}

// refusal is how long it takes to refuse a namesake: the seed asks for a second.
const refusal = 2 * time.Second

// lookAtSameNames checks those that are to be refused, unless something comes in between.
func (a *recovery) lookAtSameNames() {
	r := a.run
	for _, t := range r.SameNames {
		ended := t.Holder.Engine == nil && t.Holder.Deposed
		if !a.refuse[t] || t.Second.Refused != "" && !ended {
			continue
		}
		if !ended && !a.health.healthy(t.Holder) || !a.health.healthy(t.Seed) || !r.Cluster.Network.Perfect() {
			a.refuse[t] = false
		}
		if a.refuse[t] && r.Cluster.Now()-t.Began > refusal {
			r.Check(fmt.Sprintf("a namesake joined by %s under the name of %s, which is healthy", t.Seed.Name, t.Holder.Name))
		}
	}
}

// sees reports whether an observer has a member present, in its life and at its address.
func (a *recovery) sees(o, s *sim.Member) bool {
	for en, state := range o.Engine.Entries() {
		if en.Record.Name == s.Name {
			return state.Present() && en.Record.Address == s.Address
		}
	}
	return false
}

// secondStops checks how a namesake fared.
func (a *recovery) secondStops(t *sim.SameName) {
	w, limit := a.health, contactTries*a.run.Interval
	if w.healthyFor(t.Second, limit) && w.healthyFor(t.Holder, limit) && a.contactLimit(w.all()) < contactLooks {
		a.run.Check(fmt.Sprintf("%s and its namesake have both lived for %s, and could have met", t.Holder.Name, limit))
	}
}

// secondRan reports whether a namesake of a member runs, or has run within so long.
func (a *recovery) secondRan(m *sim.Member, d time.Duration) bool {
	twin := a.run.Cluster.Member(sim.SecondOf(m.Name))
	return twin != nil && a.health.goneFor(twin) <= d
}

// checkEnd checks that a member which ends for a namesake has one, or had one until a moment ago, whose last words were still
// under way. It is started again in that case, as by [run.stopTwin]. A namesake has to end for a newer one.
func (a *recovery) checkEnd(m *sim.Member) {
	r := a.run
	holder, twin := r.Cluster.Member(sim.OwnName(m.Name)), r.Cluster.Member(sim.SecondOf(m.Name))
	switch {
	case m != holder:
		if h := holder.Engine; m.Deposed && h != nil && h.Self().Record.Incarnation < m.Incarnation() {
			r.Check(fmt.Sprintf("the newer of two %s has ended, and not the older one", holder.Name))
		}
	case twin != nil && twin.Engine != nil:
	case twin != nil && min(a.health.goneFor(twin), r.Cluster.Now()-r.LastFreed) <= a.lastWords():
		r.Cluster.After(0, func() { r.Restart(r.Number(m.Name), m.Address) })
	default:
		r.Check(fmt.Sprintf("%s ends as if it had a namesake %s", m.Name, m.Refused))
	}
}

// lastWords is how long it takes, from the end of a namesake or from when what had waited in somebody went on, until
// nobody ends for it any more: its answer travels to a seed, and the refusal to the member; the end is known to half an interval.
func (a *recovery) lastWords() time.Duration { return 2*a.slowest + a.run.Interval/2 }

// since returns from when on the rounds count within which a view has to show a member right: from contact, or since no view
// showed the life of its namesake, which is over. Who was alone with that is told better by the member only, when its walks
// lead there: every pair meets within two, each of which goes on every other round (R5). Then the member asks whether the
// namesake lives, and rises above it.
func (a *recovery) since(s *sim.Member, v membership.View) time.Duration {
	twin := a.run.Cluster.Member(sim.SecondOf(s.Name))
	if twin == nil || twin.Engine != nil {
		return a.contactAt
	}
	if v.Record.Address == twin.Address {
		a.secondShown = a.run.Cluster.Now()
	}
	return a.contactAt + min(max(0, a.secondShown-a.contactAt), time.Duration(4*a.run.Ever)*a.run.Interval+refusal)
}
