package gossip

import (
	"math/rand/v2"
	"slices"

	"heartsay/membership"
)

// targets is the walk through the shuffled members that decides whom a round exchanges with (R5). Once through, the
// members are shuffled anew: every pair meets within two walks.
type targets struct {
	walk   []uint64 // hashes of the names: one for each member at each observer has to be small
	next   int
	silent []string           // those asked in the last round that have not been heard since
	since  membership.Instant // when that was
	due    membership.Instant // when they should have answered
	batch  uint64             // the own heartbeat when the present batch of arrivals began
}

// add puts a member that appeared at a random place of what is left of the walk, as often as it would stand there had
// it been shuffled in with the others; otherwise it waits for the next walk. A crowd that comes back at once would else
// fill what is left, and everybody would talk to none but them.
func (t *targets) add(rng *rand.Rand, name string, members int) {
	hash, left := membership.HashName(name), len(t.walk)-t.next
	if slices.Contains(t.walk[t.next:], hash) || rng.IntN(members+1) > left {
		return
	}
	i := t.next + rng.IntN(left+1)
	t.walk = slices.Insert(t.walk, i, hash)
}

// nextPeers adds the next present members on the walk to peers until there are k different ones, or no more.
func (e *Engine) nextPeers(peers []*membership.Member, k int) []*membership.Member {
	t := &e.targets
	for walks := 0; len(peers) < k && walks < 2; {
		if t.next >= len(t.walk) {
			e.shuffle()
			walks++
			continue
		}
		m := e.table.ByHash(t.walk[t.next])
		t.next++
		if m != nil && m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	return peers
}

// roundPeers returns whom a round exchanges with: the next on the walk, and every other round the successor on the ring.
// A peer of the last round that has not answered is made up for by one more, or a crowd that crashed at once would leave
// the survivors talking to the dead, and loss would cost all its exchanges. It does so for as many as the fanout at most.
// The slice is valid until the next round.
func (e *Engine) roundPeers() []*membership.Member {
	fanout := e.cfg.Fanout
	k := fanout + min(len(e.targets.silent), fanout)
	peers := e.scratch.peers[:0]
	if m := e.successor(); m != nil && e.self.heartbeat%2 == 0 {
		peers = append(peers, m)
	}
	peers = e.nextPeers(peers, k)
	e.scratch.peers = peers
	e.targets.silent = e.targets.silent[:0]
	for _, m := range peers {
		e.targets.silent = append(e.targets.silent, m.Record.Name)
	}
	e.targets.since, e.targets.due = e.now, e.now.Add(e.answers.wait(e.self.record.Interval))
	return peers
}

// successor returns the next present member on the ring of all by hash that has not been asked in vain, nil when there is
// none. Because each member is the successor of another one, the crash of any is noticed within two rounds, however many there
// are, and that of its successor too as soon as it is.
func (e *Engine) successor() *membership.Member {
	ring, first := e.table.All(), e.table.Place(e.self.hash, e.self.record.Name)
	for i := range ring {
		if m := ring[(first+i)%len(ring)]; m.State.Present() && !e.inVain(m) {
			return m
		}
	}
	return nil
}

// doubtSilentPeers asks those again that have not answered in an exchange.
func (e *Engine) doubtSilentPeers() {
	if len(e.targets.silent) == 0 || e.now < e.targets.due {
		return
	}
	e.targets.due = never
	for _, name := range e.targets.silent {
		if m := e.table.Get(name); m != nil && m.State.Present() {
			e.askAgain(m, 1)
		}
	}
}

// answeredBy takes note that a member was heard, and reports whether it had been asked.
func (t *targets) answeredBy(name string) (asked bool) {
	i := slices.Index(t.silent, name)
	if i >= 0 {
		t.silent = slices.Delete(t.silent, i, i+1)
	}
	return i >= 0
}

// leastBatch is for how many rounds a batch of arrivals lasts at the least, see [membership.Table.EndBatch]. It ends with a
// walk, in which every member has been met directly, whose news was new then: what is relayed in a large cluster is some
// intervals old at best. In two walks through 1000 members, clocks that drift apart by 100 ppm do so by a fifth of an interval.
const leastBatch = 64

// shuffle begins a new walk through the present members.
func (e *Engine) shuffle() {
	t := &e.targets
	if e.self.heartbeat-t.batch >= leastBatch {
		t.batch = e.self.heartbeat
		e.table.EndBatch()
	}
	t.walk, t.next = slices.Grow(t.walk[:0], e.Others()), 0
	for i, m := range e.table.All() {
		if m.State.Present() {
			t.walk = append(t.walk, e.table.Hashes()[i])
		}
	}
	e.rng.Shuffle(len(t.walk), func(i, j int) { t.walk[i], t.walk[j] = t.walk[j], t.walk[i] })
}

// randomPeers returns k different present members, chosen at random, or as many as there are; those in doubt only for
// want of others. News, evidence and leaves use it: the walk is for rounds.
func (e *Engine) randomPeers(k int) []*membership.Member {
	var peers []*membership.Member
	all := e.table.All()
	take := func(m *membership.Member) {
		if m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	for tries := 0; len(peers) < k && tries < 4*k && len(all) > 0; tries++ {
		if m := all[e.rng.IntN(len(all))]; !m.HasSuspicion {
			take(m)
		}
	}
	if len(peers) < k && len(all) > 0 { // few are present, or few are left: look at all, from a random one on
		for i, first := 0, e.rng.IntN(len(all)); i < len(all) && len(peers) < k; i++ {
			take(all[(first+i)%len(all)])
		}
	}
	return peers
}
