package torture

import (
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// groups says which members belong together, by number: those that were joined, directly or through others.
type groups map[int]int

// first returns the member that stands for the group of i.
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

// one reports whether all these members belong together.
func (g groups) one(members []int) bool {
	for _, i := range members {
		if g.first(i) != g.first(members[0]) {
			return false
		}
	}
	return true
}

const (
	contactTries = 60            // the most rounds until contact, while the dead are listed and so tried once per round or so
	contactLooks = 2 * lookAgain // the longest until contact when only seeds lead back: two looks at one
)

// contactLimit returns how long it may take from now until all the healthy are in contact. Where one side lists
// somebody of the other at the address that it has, rounds lead there. Where everybody has been forgotten, or has
// started anew or elsewhere during the faults, only seeds do.
func (a *recovery) contactLimit(healthy []*sim.Member) time.Duration {
	c, known := a.run.Cluster, groups{}
	limit := contactTries * a.run.Interval
	for _, o := range healthy {
		for _, v := range o.Engine.Snapshot(c.ClockOf(o)) {
			s := c.Member(v.Record.Name)
			if s != o && s.Engine != nil && a.health.healthy(s) && s.Address == v.Record.Address && a.listedFor(limit, o, v) &&
				!c.Network.Cuts(o.Address, s.Address) && !c.Network.Cuts(s.Address, o.Address) {
				known.join(a.run.Number(o.Name), a.run.Number(s.Name))
			}
		}
	}
	if known.one(a.run.Numbers(healthy)) {
		return limit
	}
	return contactLooks
}

// listedFor reports whether o tries the address of v in its rounds for so long: as that of a present member, or of a dead
// one that is not forgotten meanwhile.
func (a *recovery) listedFor(d time.Duration, o *sim.Member, v membership.View) bool {
	if v.State == membership.Dead {
		return a.run.Cluster.ClockOf(o).Sub(v.Since)+d < a.run.Gossip.DeadRetention
	}
	return v.State.Present()
}
