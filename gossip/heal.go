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
	var dead []*membership.Member
	present := 1
	for _, m := range e.table.All() {
		switch m.State {
		case membership.Dead:
			dead = append(dead, m)
		case membership.Alive, membership.Suspect:
			present++
		}
	}
	if len(dead) > 0 && e.rng.Float64() < float64(len(dead))/float64(present) {
		return dead[e.rng.IntN(len(dead))].Record.Address, true
	}
	forgotten := e.table.Tombstones()
	if len(forgotten) > 0 && e.rng.Float64() < min(maxTombstoneTries, float64(len(forgotten))/float64(present)) {
		address := forgotten[e.rng.IntN(len(forgotten))].Address
		return address, address != e.self.record.Address
	}
	return netip.AddrPort{}, false
}
