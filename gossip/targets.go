package gossip

import (
	"math/rand/v2"
	"slices"

	"heartsay/membership"
)

// targets is the walk through the shuffled members that decides whom a round exchanges with (R5). Once through, the
// members are shuffled anew: every pair meets within two walks.
type targets struct {
	walk   []string
	next   int
	queued map[string]bool // those that are yet to come
	silent []string        // those asked in the last round that have not been heard since
}

// add puts a member that appeared at a random place of what is left of the walk, as often as it would stand there had
// it been shuffled in with the others; otherwise it waits for the next walk. A crowd that comes back at once would else
// fill what is left, and everybody would talk to none but them.
func (t *targets) add(rng *rand.Rand, name string, members int) {
	if left := len(t.walk) - t.next; t.queued[name] || rng.IntN(members+1) > left {
		return
	}
	if t.queued == nil {
		t.queued = map[string]bool{}
	}
	t.queued[name] = true
	i := t.next + rng.IntN(len(t.walk)-t.next+1)
	t.walk = slices.Insert(t.walk, i, name)
}

// nextPeers returns up to k different present members, next on the walk.
func (e *Engine) nextPeers(k int) []*membership.Member {
	t := &e.targets
	var peers []*membership.Member
	for walks := 0; len(peers) < k && walks < 2; {
		if t.next >= len(t.walk) {
			e.shuffle()
			walks++
			continue
		}
		m := e.table.Get(t.walk[t.next])
		delete(t.queued, t.walk[t.next])
		t.next++
		if m != nil && m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	return peers
}

// roundPeers returns whom a round exchanges with. A peer of the last round that has not answered is made up for by one
// more, or a crowd that crashed at once would leave the survivors talking to the dead, and loss would cost all its
// exchanges. It does so for as many as the fanout at most.
func (e *Engine) roundPeers() []*membership.Member {
	extra := min(len(e.targets.silent), e.cfg.Fanout)
	peers := e.nextPeers(e.cfg.Fanout + extra)
	e.targets.silent = e.targets.silent[:0]
	for _, m := range peers {
		e.targets.silent = append(e.targets.silent, m.Record.Name)
	}
	return peers
}

// answeredBy takes note that a member was heard.
func (t *targets) answeredBy(name string) {
	if i := slices.Index(t.silent, name); i >= 0 {
		t.silent = slices.Delete(t.silent, i, i+1)
	}
}

// shuffle begins a new walk through the present members.
func (e *Engine) shuffle() {
	t := &e.targets
	t.walk, t.next, t.queued = t.walk[:0], 0, map[string]bool{}
	for _, m := range e.table.All() {
		if m.State.Present() {
			t.walk = append(t.walk, m.Record.Name)
			t.queued[m.Record.Name] = true
		}
	}
	e.rng.Shuffle(len(t.walk), func(i, j int) { t.walk[i], t.walk[j] = t.walk[j], t.walk[i] })
}

// randomPeers returns k different present members, chosen at random, or as many as there are. News and leaves use it:
// the walk is for rounds.
func (e *Engine) randomPeers(k int) []*membership.Member {
	var peers []*membership.Member
	all := e.table.All()
	take := func(m *membership.Member) {
		if m.State.Present() && !slices.Contains(peers, m) {
			peers = append(peers, m)
		}
	}
	for tries := 0; len(peers) < k && tries < 4*k && len(all) > 0; tries++ {
		take(all[e.rng.IntN(len(all))])
	}
	if len(peers) < k && len(all) > 0 { // few are present, or few are left: look at all, from a random one on
		for i, first := 0, e.rng.IntN(len(all)); i < len(all) && len(peers) < k; i++ {
			take(all[(first+i)%len(all)])
		}
	}
	return peers
}
