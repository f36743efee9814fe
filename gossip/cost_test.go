package gossip_test

import (
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// TestThousandMembers holds what is promised of clusters of this size, in one of profile lan, whose digests tell of as many
// members as fit a packet, so that one tells all.
func TestThousandMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates 1000 members three times: takes 10 s")
	}
	t.Parallel()
	if raced {
		t.Skip("simulates 1000 members in one goroutine, which takes the race detector a minute; the smaller clusters have the same code")
	}
	c := newCluster(t, 1, func(cfg *sim.Config) {
		cfg.Interval = 500 * time.Millisecond
		cfg.Gossip.MaxPayload = 1400 - sim.EnvelopeBytes
		cfg.Gossip.Budget = cfg.Gossip.MaxPayload
	})
	c.BootSettled(1000, 500*time.Millisecond, func([]membership.Entry) {})
	c.Run(5500 * time.Millisecond)
	t.Run("a digest takes four bits of each in one packet", func(t *testing.T) { digestsOfAThousand(t, c) })
	t.Run("a change is told by its bucket alone", func(t *testing.T) { changesAmongAThousand(t, c) })
	t.Run("churn leaves the columns at work", func(t *testing.T) { churnAmongAThousand(t, c) })
}

// telling adds up what digests and the replies to them tell.
type telling struct {
	digests, members, columns, largest int // largest: bytes of a packet with the envelope
	residuals                          map[int64]int
	lists                              int // buckets that replies settle by a list of their records
}

func (s *telling) message(codec *wire.Codec, m wire.Message) {
	switch m := m.(type) {
	case *wire.Digest:
		s.digests++
		s.members += gossip.MembersOf(m)
		s.columns += len(m.Columns)
		for _, lags := range gossip.LagsOf(m) {
			for _, lag := range lags {
				s.residuals[lag-slices.Min(lags)]++
			}
		}
		if b, err := codec.Encode(m); err == nil {
			s.largest = max(s.largest, len(b)+sim.EnvelopeBytes)
		}
	case *wire.Delta:
		s.lists += len(gossip.ListingBucketsOf(m))
	}
}

// coarse returns how often each residual would occur if heartbeats were told in steps of so many.
func (s *telling) coarse(step int64) map[int64]int {
	counts := map[int64]int{}
	for residual, n := range s.residuals {
		counts[residual/step] += n
	}
	return counts
}

// entropy returns the bits that a number takes at least if all are drawn as often as counted, independently.
func entropy(counts map[int64]int) (bits float64) {
	n := 0
	for _, k := range counts {
		n += k
	}
	for _, k := range counts {
		p := float64(k) / float64(n)
		bits -= p * math.Log2(p)
	}
	return bits
}

func (s *telling) log(t *testing.T, what string, seconds float64) (bits float64) {
	bits = 8 * float64(s.columns) / float64(s.members)
	t.Logf("%s: %.2f bits for a member in a digest, fingerprints included; the entropy of the residuals is %.2f bits, and %.2f in steps of two",
		what, bits, entropy(s.residuals), entropy(s.coarse(2)))
	t.Logf("a digest tells %.0f members, the largest packet has %d B with its envelope; %.1f buckets a second are listed to each member",
		float64(s.members)/float64(s.digests), s.largest, float64(s.lists)/seconds/1000)
	return bits
}

func digestsOfAThousand(t *testing.T, c *cluster) {
	s := telling{residuals: map[int64]int{}}
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) { s.message(c.codec, m) }
	c.Run(2 * time.Second)
	bits := s.log(t, "in steady state", 2)
	if s.members != 1000*s.digests || s.lists > 0 {
		t.Errorf("%d digests tell %d members, want 1000 each; %d buckets are listed, want none", s.digests, s.members, s.lists)
	}
	if bits > 4 || s.largest > 1400 {
		t.Errorf("a member takes %.2f bits and the packet %d B, want at most 4 and 1400", bits, s.largest)
	}
}

// churnAmongAThousand lets 1 % leave each second, and as many come.
func churnAmongAThousand(t *testing.T, c *cluster) {
	s := telling{residuals: map[int64]int{}}
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) { s.message(c.codec, m) }
	for i := range 30 {
		c.Leave(sim.Name(7 * i))
		if err := c.Start(sim.Name(3000+i), sim.Address(3000+i), sim.Address(991)); err != nil {
			t.Fatal(err)
		}
		c.Run(100 * time.Millisecond)
	}
	bits := s.log(t, "with ten joins and ten leaves a second", 3)
	if listed := float64(s.lists) / float64(16*s.digests); bits > 4.5 || s.largest > 1400 || listed > 0.2 {
		t.Errorf("a member takes %.2f bits, the packet %d B, and %.0f %% of the buckets are listed; want at most 4.5, 1400 and 20 %%",
			bits, s.largest, 100*listed)
	}
}

// changesAmongAThousand changes tags, lets one join and one leave: no other record is told, no other bucket listed, and all know within three rounds. Only the newcomer tells a few of the seed, of which it
// has just heard.
func changesAmongAThousand(t *testing.T, c *cluster) {
	const bits = 4 // 16 buckets
	var name string
	records, lists := 0, 0
	c.OnMessage = func(at time.Duration, from, to netip.AddrPort, m wire.Message, _ bool) {
		d, ok := m.(*wire.Delta)
		if !ok {
			return
		}
		for _, en := range d.Entries {
			newcomer := from == sim.Address(2000) && en.Record.Name == sim.Name(6)
			if records++; en.Record.Name != name && !newcomer {
				t.Errorf("%s: %s tells %s the record of %s, want that of %s alone", at, from, to, en.Record.Name, name)
			}
		}
		for _, number := range gossip.ListingBucketsOf(d) {
			if lists++; int(d.Bits) != bits || number != int(membership.HashName(name)>>(64-bits)) {
				t.Errorf("%s: %s lists bucket %d of 2^%d, want that of %s alone", at, from, number, d.Bits, name)
			}
		}
	}
	for _, change := range []struct {
		what  string
		name  string
		event membership.EventType
		do    func(name string) error
	}{
		{"a change of tags", sim.Name(41), membership.EventUpdate, func(name string) error {
			return c.SetTags(name, membership.Tags{{Key: "k", Value: "v"}})
		}},
		{"a join", sim.Name(2000), membership.EventJoin, func(name string) error {
			return c.Start(name, sim.Address(2000), sim.Address(7))
		}},
		{"a leave", sim.Name(500), membership.EventLeft, func(name string) error { c.Leave(name); return nil }},
	} {
		name, records, lists = change.name, 0, 0
		began := c.Now()
		if err := change.do(name); err != nil {
			t.Fatal(err)
		}
		c.Run(2 * time.Second)
		seen := c.events(change.event, name)
		took := newest(t, seen, len(seen), change.what) - began
		if len(seen) < 999 || took > 1500*time.Millisecond {
			t.Errorf("%s is known to %d after %s, want to 999 after at most three rounds", change.what, len(seen), took)
		}
		t.Logf("%s is known to %d after %s, by %d records in packets and %d lists of a bucket", change.what, len(seen), took, records, lists)
	}
}
