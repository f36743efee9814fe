package sim

import (
	"fmt"
	"time"

	"heartsay/membership"
)

// What is promised of namesakes (R14): a joiner under a name in use is refused, of two that live until they meet the older one
// ends, and nobody ends without one.

// twinStarts takes note of a namesake that joins where nothing is wrong: it is to be refused (R14).
func (a *aftermath) twinStarts(t *twins) {
	settle := a.run.settle()
	a.refuse[t] = t.seed != nil && a.well.lasts(t.holder, settle) && a.well.lasts(t.seed, settle) && a.sees(t.seed, t.holder)
}

// refusal is how long it takes to refuse a namesake: the seed asks for a second.
const refusal = 2 * time.Second

// lookAtTwins checks those that are to be refused, unless something comes in between.
func (a *aftermath) lookAtTwins() {
	r := a.run
	for _, t := range r.pairs {
		ended := t.holder.Engine == nil && t.holder.Deposed
		if !a.refuse[t] || t.twin.Refused != "" && !ended {
			continue
		}
		if !ended && !a.well.healthy(t.holder) || !a.well.healthy(t.seed) || !r.cluster.Network.perfect() {
			a.refuse[t] = false
		}
		if a.refuse[t] && r.cluster.Now()-t.began > refusal {
			r.check(fmt.Sprintf("a namesake joined by %s under the name of %s, which is healthy", t.seed.Name, t.holder.Name))
		}
	}
}

// sees reports whether an observer has a member present, in its life and at its address.
func (a *aftermath) sees(o, s *Member) bool {
	for en, state := range o.Engine.Entries() {
		if en.Record.Name == s.Name {
			return state.Present() && en.Record.Address == s.Address
		}
	}
	return false
}

// twinStops checks how a namesake fared.
func (a *aftermath) twinStops(t *twins) {
	w, limit := a.well, contactTries*a.run.Interval
	if w.lasts(t.twin, limit) && w.lasts(t.holder, limit) && a.contactLimit(w.all()) < contactLooks {
		a.run.check(fmt.Sprintf("%s and its namesake have both lived for %s, and could have met", t.holder.Name, limit))
	}
}

// twinRan reports whether a namesake of a member runs, or has run within so long.
func (a *aftermath) twinRan(m *Member, d time.Duration) bool {
	twin := a.run.cluster.Member(twinOf(m.Name))
	return twin != nil && a.well.goneFor(twin) <= d
}

// yields checks that a member which ends for a namesake has one, or had one until a moment ago, whose last words were still
// under way. It is started again in that case, as by [run.stopTwin]. A namesake has to end for a newer one.
func (a *aftermath) yields(m *Member) {
	r := a.run
	holder, twin := r.cluster.Member(ownName(m.Name)), r.cluster.Member(twinOf(m.Name))
	switch {
	case m != holder:
		if h := holder.Engine; m.Deposed && h != nil && h.Self().Record.Incarnation < m.Incarnation() {
			r.check(fmt.Sprintf("the newer of two %s has ended, and not the older one", holder.Name))
		}
	case twin != nil && twin.Engine != nil:
	case twin != nil && min(a.well.goneFor(twin), r.cluster.Now()-r.freed) <= a.lastWords():
		r.cluster.After(0, func() { r.restart(r.number(m.Name), m.Address) })
	default:
		r.check(fmt.Sprintf("%s ends as if it had a namesake %s", m.Name, m.Refused))
	}
}

// lastWords is how long it takes, from the end of a namesake or from when what had waited in somebody went on, until
// nobody ends for it any more: its answer travels to a seed, and the refusal to the member; the end is known to half an interval.
func (a *aftermath) lastWords() time.Duration { return 2*a.slowest + a.run.Interval/2 }

// since returns from when on the rounds count within which a view has to show a member right: from contact, or since no view
// showed the life of its namesake, which is over. Who was alone with that is told better by the member only, when its walks
// lead there: every pair meets within two, each of which goes on every other round (R5). Then the member asks whether the
// namesake lives, and rises above it.
func (a *aftermath) since(s *Member, v membership.View) time.Duration {
	twin := a.run.cluster.Member(twinOf(s.Name))
	if twin == nil || twin.Engine != nil {
		return a.contact
	}
	if v.Record.Address == twin.Address {
		a.shadow = a.run.cluster.Now()
	}
	return a.contact + min(max(0, a.shadow-a.contact), time.Duration(4*a.run.members)*a.run.Interval+refusal)
}
