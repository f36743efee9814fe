package torture

import (
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// groups says which members are in contact, by number: those that were joined, directly or through others.
type groups map[int]int

// first returns the member that represents the group of i.
func (g groups) first(i int) int {
	for {
		next, ok := g[i]
		if !ok || next == i {
			return i
		}
		i = next
	}
}

func (g groups) join(i, j int) { g[g.first(i)] = g.first(j) }

// one reports whether all these members are in one group.
func (g groups) one(members []int) bool {
	for _, i := range members {
		if g.first(i) != g.first(members[0]) {
			return false
		}
	}
	return true
}

const (
	contactTries = 60            // most rounds until contact while the dead are listed: about one of them is tried in each round
	contactLooks = 2 * lookAgain // longest time until contact when only seeds lead back: two tries of a seed
)

// contactLimit returns the longest time allowed from now until all healthy members are in contact. When one side lists a
// member of the other at its present address, rounds lead there. When all of them have been forgotten, or were restarted or
// moved during the faults, only seeds lead there.
func (rec *recovery) contactLimit(healthy []*sim.Member) time.Duration {
	c, known := rec.run.Cluster, groups{}
	limit := contactTries * rec.run.Interval
	for _, o := range healthy {
		for _, v := range o.Engine.Snapshot(c.ClockOf(o)) {
			s := c.Member(v.Record.Name)
			if s != o && s.Engine != nil && rec.health.healthy(s) && s.Address == v.Record.Address && rec.listedFor(limit, o, v) &&
				!c.Network.Cuts(o.Address, s.Address) && !c.Network.Cuts(s.Address, o.Address) {
				known.join(rec.run.Number(o.Name), rec.run.Number(s.Name))
			}
		}
	}
	if known.one(rec.run.Numbers(healthy)) {
		return limit
	}
	return contactLooks
}

// listedFor reports whether o tries the address of v in its rounds for d: v is present, or dead and not forgotten within d.
func (rec *recovery) listedFor(d time.Duration, o *sim.Member, v membership.View) bool {
	if v.State == membership.Dead {
		return rec.run.Cluster.ClockOf(o).Sub(v.Since)+d < rec.run.Gossip.DeadRetention
	}
	return v.State.Present()
}
