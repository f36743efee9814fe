package gossip

import (
	"net/netip"

	"heartsay/membership"
)

// maxTombstoneTries is the share of the rounds that may try a forgotten member: most tombstones lead nowhere.
const maxTombstoneTries = 0.1

// lost returns the address of a dead or forgotten member to try in this round, and whether there is one to try
// (R11). A partition heals because both sides keep trying the addresses that went silent. A member tries with a
// probability that makes the whole cluster try each of the dead about once per interval, however large it is. Seeds
// are the caller's to retry, since their names have to be resolved.
func (p *peers) lost() (netip.AddrPort, bool) {
	dead, present := p.table.Count(membership.Dead), 1+p.others()
	if dead > 0 && p.rng.Float64() < float64(dead)/float64(present) {
		return p.nthDead(p.rng.IntN(dead)).Record.Address, true
	}
	forgotten := p.table.Tombstones()
	if len(forgotten) > 0 && p.rng.Float64() < min(maxTombstoneTries, float64(len(forgotten))/float64(present)) {
		address := forgotten[p.rng.IntN(len(forgotten))].Address
		return address, address != p.self.record.Address
	}
	return netip.AddrPort{}, false
}

// nthDead returns one of the dead by its number, from 0, in the order of the table.
func (p *peers) nthDead(n int) *membership.Member {
	for _, m := range p.table.All() {
		if m.State == membership.Dead {
			if n == 0 {
				return m
			}
			n--
		}
	}
	panic("gossip: the table counts more of the dead than it lists")
}
