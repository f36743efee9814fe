package node

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/internal/state"
	"heartsay/api"
)

// Seeds are tried for ever (R11): at once, then with a back-off that doubles. One that leads to a present member is
// tried again now and then, since a name may come to mean another host, and a partition may cut it off.
const (
	firstRetry    = 500 * time.Millisecond
	longestRetry  = 30 * time.Second
	lookAgain     = 30 * time.Second
	lookWhenAlone = 5 * time.Second
)

// seed is an address to join by and how the attempts went. Its fields belong to seeds.mu.
type seed struct {
	addr.Seed
	joined  bool // the last attempt led to a member
	tried   time.Time
	err     error
	retry   time.Duration
	nextTry time.Time
	busy    bool // an attempt is under way
}

// seeds are what the node knows of others before they are members: addresses that it was given, and members that it
// remembers of the life before.
type seeds struct {
	attempts chan struct{} // holds a token for each attempt that is under way
	news     chan struct{} // holds something when a seed was added

	mu    sync.Mutex
	list  []*seed
	saved remembered
}

// remembered are the addresses of members of the life before, and when they are tried. Its fields belong to seeds.mu.
type remembered struct {
	addresses []netip.AddrPort
	retry     time.Duration
	nextTry   time.Time
	busy      bool // attempts are under way
}

// remember fills in the seeds of the configuration and of the life before. The error says which one is not an address.
func (s *seeds) remember(join []string, saved state.Saved, own netip.AddrPort) error {
	for _, text := range join {
		if err := s.add(text); err != nil {
			return err
		}
	}
	for _, text := range saved.Seeds {
		_ = s.add(text) // one that another version saved, and that is none to this one, is left out
	}
	for _, m := range saved.Members {
		if address, err := netip.ParseAddrPort(m.Address); err == nil && address != own {
			s.saved.addresses = append(s.saved.addresses, address)
		}
	}
	return nil
}

// add keeps an address as a seed, once.
func (s *seeds) add(text string) error {
	parsed, err := addr.ParseSeed(text)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.list, func(other *seed) bool { return other.Seed == parsed }) {
		s.list = append(s.list, &seed{Seed: parsed, retry: firstRetry})
		select {
		case s.news <- struct{}{}:
		default: // there is news already
		}
	}
	return nil
}

// remove forgets a seed. An attempt that is under way goes on.
func (s *seeds) remove(text string) {
	parsed, err := addr.ParseSeed(text)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(s.list, func(d *seed) bool { return d.Seed == parsed })
}

// due returns the seeds whose time has come, and marks them as busy until their attempt is noted. A node that is alone
// has nobody else to turn to: it tries them more often.
func (s *seeds) due(now time.Time, alone bool) []*seed {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []*seed
	for _, d := range s.list {
		if soon := d.tried.Add(lookWhenAlone); alone && soon.Before(d.nextTry) {
			d.nextTry = soon
		}
		if !d.busy && !now.Before(d.nextTry) {
			d.busy = true
			due = append(due, d)
		}
	}
	return due
}

// note writes down how an attempt went, and when the next one is. It reports whether the last one went otherwise.
func (s *seeds) note(d *seed, now time.Time, err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	news = d.tried.IsZero() || d.joined != (err == nil)
	d.tried, d.err, d.joined, d.busy = now, err, err == nil, false
	if d.joined {
		d.retry, d.nextTry = firstRetry, now.Add(jitter(lookAgain))
		return news
	}
	d.nextTry = now.Add(jitter(d.retry))
	d.retry = min(2*d.retry, longestRetry)
	return news
}

// dueSaved returns a few remembered members to try now, while nobody else is known, and marks all as busy until
// noteSaved. They are chosen at random.
func (s *seeds) dueSaved(now time.Time, alone bool) (few []netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &s.saved
	switch {
	case len(m.addresses) == 0, m.busy, now.Before(m.nextTry):
		return nil
	case !alone:
		m.retry, m.nextTry = firstRetry, now.Add(jitter(lookAgain))
		return nil
	}
	m.busy = true
	for range savedAtOnce {
		few = append(few, m.addresses[rand.IntN(len(m.addresses))])
	}
	return few
}

// noteSaved writes down that remembered members were tried, and when others are next.
func (s *seeds) noteSaved(now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &s.saved
	m.busy = false
	if err != nil {
		m.retry = min(max(2*m.retry, firstRetry), longestRetry)
		m.nextTry = now.Add(jitter(m.retry))
	}
}

// rest returns how long to do nothing: until the next seed is due, but not so long that it would not be noticed for half
// the time in which those who are alone look at their seeds that this node is alone.
func (s *seeds) rest(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := lookWhenAlone / 2
	for _, d := range s.list {
		if !d.busy {
			rest = min(rest, d.nextTry.Sub(now))
		}
	}
	return max(rest, firstRetry/2)
}

// jitter spreads a wait over 75 to 125 % of it, so that a cluster that starts at once does not knock in step.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

// rows returns how the seeds fare, as the API tells it.
func (s *seeds) rows() []api.Seed {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]api.Seed, 0, len(s.list))
	for _, d := range s.list {
		row := api.Seed{Address: d.Seed.String(), Joined: d.joined}
		if !d.tried.IsZero() {
			tried := d.tried
			row.LastTried = &tried
		}
		if d.err != nil {
			row.LastError = d.err.Error()
		}
		list = append(list, row)
	}
	return list
}

// names returns the seeds as they are kept in the state file.
func (s *seeds) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.list))
	for _, d := range s.list {
		names = append(names, d.Seed.String())
	}
	return names
}

// hope is what a node that sees nobody can still expect.
type hope struct {
	seeds  int  // addresses to join by
	joined bool // it joined by one of them, or one is the node's own
	saved  int  // members remembered of the life before
}

// hope returns what the seeds promise.
func (s *seeds) hope() hope {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := hope{seeds: len(s.list), saved: len(s.saved.addresses)}
	for _, d := range s.list {
		h.joined = h.joined || d.joined
	}
	return h
}

// Seeds returns how many addresses to join by there are, of which the last attempt led to a member or did not.
func (n *Node) Seeds() (joined, not int) {
	for _, row := range n.seeds.rows() {
		if row.Joined {
			joined++
		} else {
			not++
		}
	}
	return joined, not
}
