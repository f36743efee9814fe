package gossip

import (
	"math/rand/v2"
	"slices"

	"heartsay/membership"
)

// The peers part chooses with whom this member talks (R5, R11). It reads the table and owns all random choices of members:
//
//	the walk     a shuffled list of all, from which each round takes the next peers
//	successor    the next member on the ring of all by hash, in every other round
//	random       some at random: for news, evidence and goodbyes
//	lost         addresses of dead and forgotten members, to heal a partition (peers_lost.go)
//
// Once through the walk, the members are shuffled anew: every pair meets within two walks. The engine's rounds and the
// rumours call it; arrivals add those who appear.
type peers struct {
	cfg   *Config
	rng   *rand.Rand
	self  *self
	table *membership.Table

	walk  []uint64 // hashes of the names: one for each member at each observer has to be small
	next  int      // place in the walk
	batch uint64   // the own heartbeat when the present batch of arrivals began

	room []*membership.Member // of those of a round
}

// others returns how many other members are present.
func (p *peers) others() int {
	return p.table.Count(membership.Alive) + p.table.Count(membership.Suspect)
}

// add puts a member that appeared at a random place of what is left of the walk, as often as it would stand there had
// it been shuffled in with the others; otherwise it waits for the next walk. Many that come back at once would otherwise
// fill what is left, and everybody would talk to none but them.
func (p *peers) add(name string) {
	hash, left := membership.HashName(name), len(p.walk)-p.next
	if slices.Contains(p.walk[p.next:], hash) || p.rng.IntN(p.table.Len()+1) > left {
		return
	}
	i := p.next + p.rng.IntN(left+1)
	p.walk = slices.Insert(p.walk, i, hash)
}

// ofRound returns with whom a round exchanges: as many as the fanout says, the next on the walk, and in every other round the
// successor as well. Each of the silent peers, those of the last round that have not replied, is made up for by one more, up
// to the fanout. Otherwise many members that crash at once would leave the survivors talking to the dead, and loss would cost
// all its exchanges. The slice is valid until the next round. Failed reports whether a member has been probed without a reply.
func (p *peers) ofRound(silent int, failed func(*membership.Member) bool) []*membership.Member {
	k := p.cfg.Fanout + min(silent, p.cfg.Fanout)
	peers := p.room[:0]
	if m := p.successor(failed); m != nil && p.self.heartbeat%2 == 0 {
		peers = append(peers, m)
	}
	p.room = p.nextOnWalk(peers, k)
	return p.room
}

// nextOnWalk adds the next present members on the walk to peers until there are k different ones, or no more.
func (p *peers) nextOnWalk(peers []*membership.Member, k int) []*membership.Member {
	for walks := 0; len(peers) < k && walks < 2; {
		if p.next >= len(p.walk) {
			p.shuffle()
			walks++
			continue
		}
		m := p.table.ByHash(p.walk[p.next])
		p.next++
		if m != nil && m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	return peers
}

// successor returns the next present member on the ring of all by hash that has not been probed without a reply, nil when
// there is none. Because each member is the successor of another one, the crash of any is noticed within two rounds, however
// many there are, and that of its successor too as soon as it is.
func (p *peers) successor(failed func(*membership.Member) bool) *membership.Member {
	ring, first := p.table.All(), p.table.Place(p.self.hash, p.self.record.Name)
	for i := range ring {
		if m := ring[(first+i)%len(ring)]; m.State.Present() && !failed(m) {
			return m
		}
	}
	return nil
}

// leastBatch is for how many rounds a batch of arrivals lasts at the least, see [membership.Table.EndBatch]. It ends with a
// walk, in which every member has been met directly, whose news was new then: what is relayed in a large cluster is some
// intervals old at best. In two walks through 1000 members, clocks that drift apart by 100 ppm do so by a fifth of an interval.
const leastBatch = 64

// shuffle begins a new walk through the present members.
func (p *peers) shuffle() {
	if p.self.heartbeat-p.batch >= leastBatch {
		p.batch = p.self.heartbeat
		p.table.EndBatch()
	}
	p.walk, p.next = slices.Grow(p.walk[:0], p.others()), 0
	for i, m := range p.table.All() {
		if m.State.Present() {
			p.walk = append(p.walk, p.table.Hashes()[i])
		}
	}
	p.rng.Shuffle(len(p.walk), func(i, j int) { p.walk[i], p.walk[j] = p.walk[j], p.walk[i] })
}

// random returns k different present members, chosen at random, or as many as there are; those under suspicion only for
// want of others. News, evidence and goodbyes use it: the walk is for rounds.
func (p *peers) random(k int) []*membership.Member {
	var peers []*membership.Member
	all := p.table.All()
	take := func(m *membership.Member) {
		if m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	for tries := 0; len(peers) < k && tries < 4*k && len(all) > 0; tries++ {
		if m := all[p.rng.IntN(len(all))]; !m.HasSuspicion {
			take(m)
		}
	}
	if len(peers) < k && len(all) > 0 { // few are present, or few are left: look at all, from a random one on
		for i, first := 0, p.rng.IntN(len(all)); i < len(all) && len(peers) < k; i++ {
			take(all[(first+i)%len(all)])
		}
	}
	return peers
}
