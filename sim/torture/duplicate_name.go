package torture

import (
	"fmt"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// What is promised of two agents under one name (R14): a joiner under a name in use is refused; when both live until they
// meet, the older one ends; and no member ends without a second agent.

// secondStarts notes whether a second agent has to be refused: it joins where nothing is wrong.
func (rec *recovery) secondStarts(t *sim.SameName) {
	settle := rec.run.Settle()
	rec.refuse[t] = t.Seed != nil && rec.health.healthyFor(t.Holder, settle) && rec.health.healthyFor(t.Seed, settle) && rec.sees(t.Seed, t.Holder)
}

// refusal is the longest time that a refusal takes: the seed probes the holder of the name for a second.
const refusal = 2 * time.Second

// lookAtSameNames checks that those are refused that have to be, unless a fault comes in between.
func (rec *recovery) lookAtSameNames() {
	r := rec.run
	for _, t := range r.SameNames {
		ended := t.Holder.Engine == nil && t.Holder.Deposed
		if !rec.refuse[t] || t.Second.Refused != "" && !ended {
			continue
		}
		if !ended && !rec.health.healthy(t.Holder) || !rec.health.healthy(t.Seed) || !r.Cluster.Network.Perfect() {
			rec.refuse[t] = false
		}
		if rec.refuse[t] && r.Cluster.Now()-t.Began > refusal {
			r.Check(fmt.Sprintf("a second agent joined by %s under the name of %s, which is healthy", t.Seed.Name, t.Holder.Name))
		}
	}
}

// sees reports whether o has s present, at the address that s has.
func (rec *recovery) sees(o, s *sim.Member) bool {
	for en, state := range o.Engine.Entries() {
		if en.Record.Name == s.Name {
			return state.Present() && en.Record.Address == s.Address
		}
	}
	return false
}

// secondStops checks that the two have not both lived for long enough to meet.
func (rec *recovery) secondStops(t *sim.SameName) {
	w, limit := rec.health, contactTries*rec.run.Interval
	if w.healthyFor(t.Second, limit) && w.healthyFor(t.Holder, limit) && rec.contactLimit(w.all()) < contactLooks {
		rec.run.Check(fmt.Sprintf("%s and the second agent under its name have both lived for %s, and could have met", t.Holder.Name, limit))
	}
}

// secondRan reports whether a second agent under the name of m runs, or has run within d.
func (rec *recovery) secondRan(m *sim.Member, d time.Duration) bool {
	second := rec.run.Cluster.Member(sim.SecondOf(m.Name))
	return second != nil && rec.health.goneFor(second) <= d
}

// checkEnd checks that a member which ends for a duplicate name has a second agent, or had one a moment ago whose last packets
// were under way. In that case it starts the member again, as an operator does. Of the two, the older one has to end.
func (rec *recovery) checkEnd(m *sim.Member) {
	r := rec.run
	holder, second := r.Cluster.Member(sim.OwnName(m.Name)), r.Cluster.Member(sim.SecondOf(m.Name))
	switch {
	case m != holder:
		if h := holder.Engine; m.Deposed && h != nil && h.Self().Record.Incarnation < m.Incarnation() {
			r.Check(fmt.Sprintf("the newer of two %s has ended, and not the older one", holder.Name))
		}
	case second != nil && second.Engine != nil:
	case second != nil && min(rec.health.goneFor(second), r.Cluster.Now()-r.LastFreed) <= rec.lastWords():
		r.Cluster.After(0, func() { r.Restart(r.Number(m.Name), m.Address) })
	default:
		r.Check(fmt.Sprintf("%s ends as if its name were taken %s", m.Name, m.Refused))
	}
}

// lastWords is the longest time, from the end of a second agent or from when held packets went on, until no member ends for it
// any more: its reply travels to a seed, and the refusal to the member. The end is known to half an interval.
func (rec *recovery) lastWords() time.Duration { return 2*rec.slowest + rec.run.Interval/2 }

// since returns when the rounds begin to count within which a view has to show s right: at contact, or when a view last
// showed the life of a second agent that has ended. An observer that alone holds that life learns better from s only, when
// their walks meet: each pair meets within two walks, and a walk goes on every other round (R5). Then s probes whether the
// second agent lives, and rises above it.
func (rec *recovery) since(s *sim.Member, v membership.View) time.Duration {
	second := rec.run.Cluster.Member(sim.SecondOf(s.Name))
	if second == nil || second.Engine != nil {
		return rec.contactAt
	}
	if v.Record.Address == second.Address {
		rec.secondShown = rec.run.Cluster.Now()
	}
	return rec.contactAt + min(max(0, rec.secondShown-rec.contactAt), time.Duration(4*rec.run.Ever)*rec.run.Interval+refusal)
}
