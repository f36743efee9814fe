package gossip

import (
	"net/netip"

	"heartsay/membership"
)

// maxTombstoneTries is the share of the rounds that may try a forgotten member: most tombstones lead nowhere.
const maxTombstoneTries = 0.1

// lostAddress returns the address of a dead or forgotten member to try in this round, and whether there is one to try
// (R11). A partition heals because both sides keep trying the addresses that went silent. A member tries with a
// probability that makes the whole cluster try each of the dead about once per interval, however large it is. Seeds
// are the caller's to retry, since their names have to be resolved.
func (e *Engine) lostAddress() (netip.AddrPort, bool) {
	dead, present := e.table.Count(membership.Dead), 1+e.Others()
	if dead > 0 && e.rng.Float64() < float64(dead)/float64(present) {
		return e.nthDead(e.rng.IntN(dead)).Record.Address, true
	}
	forgotten := e.table.Tombstones()
	if len(forgotten) > 0 && e.rng.Float64() < min(maxTombstoneTries, float64(len(forgotten))/float64(present)) {
		address := forgotten[e.rng.IntN(len(forgotten))].Address
		return address, address != e.self.record.Address
	}
	return netip.AddrPort{}, false
}

// nthDead returns one of the dead by its number, from 0, in the order of the table.
func (e *Engine) nthDead(n int) *membership.Member {
	for _, m := range e.table.All() {
		if m.State == membership.Dead {
			if n == 0 {
				return m
			}
			n--
		}
	}
	panic("gossip: the table counts more of the dead than it lists")
}
