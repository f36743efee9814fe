package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// mustFit fails when a packet is larger than it may be.
func (c *cluster) mustFit(at time.Duration, from, _ netip.AddrPort, m wire.Message, _ bool) {
	switch m.(type) {
	case *wire.Sync, *wire.Refused:
		return // on a stream
	}
	b, err := c.codec.Encode(m)
	if err != nil {
		c.t.Errorf("%s: %s sends a %T that cannot be encoded: %v", at, from, m, err)
	}
	if most := gossip.DefaultConfig().MaxPayload; len(b) > most {
		c.t.Errorf("%s: %s sends a %T of %d bytes, want at most %d", at, from, m, len(b), most)
	}
}

// bulky returns the record of the i-th member of a cluster whose names and tags are as long as they may be.
func bulky(i int, rng *rand.Rand) membership.Record {
	name := fmt.Sprintf("%03d-%s", i, strings.Repeat("n", rng.IntN(membership.MaxNameLength-3)))
	tags := membership.Tags{{Key: "k", Value: strings.Repeat("v", rng.IntN(40))}}
	if i%10 == 0 {
		tags[0].Value = strings.Repeat("v", 1000+rng.IntN(membership.MaxTagsSize-1000))
	}
	return membership.Record{
		Name: name, Address: sim.Address(i + 1), Interval: interval, Tags: tags,
	}
}

// R17.
func TestPacketsAreNeverTooLarge(t *testing.T) {
	t.Parallel()
	const seed = 17
	n := 300
	if testing.Short() {
		n = 60
	}
	c := newCluster(t, seed)
	c.OnMessage = c.mustFit
	rng := rand.New(rand.NewPCG(seed, 2))
	records := make([]membership.Record, n)
	start := func(i int) {
		r := records[i]
		r.Incarnation = uint64(c.Clock().UnixMilli())
		if err := c.StartRecord(r, sim.Address(1), sim.Address(2)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range records {
		records[i] = bulky(i, rng)
		c.After(time.Duration(i)*5*time.Millisecond, func() { start(i) })
	}
	c.Run(1500 * time.Millisecond)
	for range 10 { // churn
		i := 2 + rng.IntN(n-2)
		switch m := c.Member(records[i].Name); {
		case m.Engine == nil:
			start(i)
		case rng.IntN(3) == 0:
			c.Crash(m.Name)
		case rng.IntN(2) == 0:
			c.Leave(m.Name)
		default:
			if err := c.SetTags(m.Name, membership.Tags{{Key: "k", Value: strings.Repeat("w", rng.IntN(4000))}}); err != nil {
				t.Fatal(err)
			}
		}
		c.Run(interval / 2)
	}
}

// crowd tells a lone engine of n members, and lets all of them live on at every call of the function returned.
func crowd(l *lone, n int) (live func()) {
	others := make([]membership.Entry, n)
	for i := range others {
		others[i] = entryOf("b", 1, func(r *membership.Record) { r.Name, r.Address = sim.Name(i), sim.Address(100+i) })
	}
	live = func() {
		for i := range others {
			others[i].Heartbeat = l.beats() - min(uint64(i*i%7), l.beats()-1) // news of different ages
		}
		l.tell("x", others...)
	}
	live()
	return live
}

// R17: Every bucket of a view that does not fit is told in turn: none is starved.
func TestDigestRotatesThroughAll(t *testing.T) {
	const n, turns = 6000, 5
	cfg := gossip.DefaultConfig()
	cfg.Budget = cfg.MaxPayload
	a := newLone(t, "a", cfg)
	live := crowd(a, n)
	a.run(3 * time.Second)
	last := map[int]int{}
	members := 0
	for round := 1; round <= 4*turns; round++ {
		live()
		_, digests := sent[*wire.Digest](a.run(interval))
		if len(digests) < 1 || len(digests) > 2 { // nobody answers
			t.Fatalf("round %d sends %d digests, want one, and one more for a silent peer", round, len(digests))
		}
		d, total := digests[0], 1<<digests[0].Bits
		if d.Count == 0 || int(d.Count) == total {
			t.Fatalf("a digest tells %d of %d buckets: the test is void", d.Count, total)
		}
		for i := range int(d.Count) {
			last[(int(d.First)+i)%total] = round
		}
		for b := range total {
			if round >= turns && round-last[b] >= turns {
				t.Fatalf("in round %d bucket %d was last told in round %d, want all within %d", round, b, last[b], turns)
			}
		}
		members += gossip.MembersOf(d)
	}
	t.Logf("a digest of 1200 bytes lists %d members", members/(4*turns))
	if got := members / (4 * turns); got < n/turns {
		t.Errorf("a digest lists %d members, want more than %d", got, n/turns)
	}
}

// R17.
func TestDigestOfAViewThatFitsIsWhole(t *testing.T) {
	c := newCluster(t, 17)
	c.boot(100)
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) {
		if d, ok := m.(*wire.Digest); ok && (int(d.Count) != 1<<d.Bits || gossip.MembersOf(d) != 100) {
			t.Errorf("a digest of 100 members lists %d in %d of %d buckets: want them all", gossip.MembersOf(d), d.Count, 1<<d.Bits)
		}
	}
	c.Run(5 * time.Second)
}

// R17.
func TestRecordLargerThanAPacketTravelsByStream(t *testing.T) {
	c := newCluster(t, 17)
	c.OnMessage = c.mustFit
	c.start("a", "b", "c", "d", "e")
	c.Run(5 * time.Second)
	big := strings.Repeat("v", 4000)
	if err := c.SetTags("c", membership.Tags{{Key: "k", Value: big}}); err != nil {
		t.Fatal(err)
	}
	began := c.Now()
	all := func() bool {
		for _, m := range c.Running() {
			if v, _ := c.view(m.Name, "c"); v.Record.Tags.Map()["k"] != big {
				return false
			}
		}
		return true
	}
	if !c.RunUntil(10*time.Second, interval, all) {
		t.Error("10 s after its change a record of 4 KiB is not known to all")
	}
	t.Logf("a record of 4 KiB is known to 5 after %s", c.Now()-began)
}

// R17: What does not fit is announced or counted, and comes later: nothing is cut in silence.
func TestReplyAnnouncesOrCountsWhatDoesNotFit(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	crowd(a, 600)
	a.run(time.Second)
	ask := func(bits uint8) *wire.Delta { // a digest that lists nobody in any bucket
		_, replies := sent[*wire.Delta](a.hear("b", &wire.Digest{
			Header: header("b", 4), Clock: header("b", 4).Incarnation, Bits: bits, Count: 1 << bits, Columns: make([]byte, 1<<bits),
		}))
		if len(replies) == 0 {
			t.Fatal("a digest is not answered")
		}
		if b, err := wire.NewCodec().Encode(replies[0]); err != nil || len(b) > gossip.DefaultConfig().MaxPayload {
			t.Fatalf("an answer takes %d bytes (%v), want one packet", len(b), err)
		}
		return replies[0]
	}
	if d := ask(0); !d.More || len(d.Listings) != 0 {
		t.Errorf("600 members in one bucket: more is %v, and %d bytes of listings; want word that there are more", d.More, len(d.Listings))
	}
	told := map[string]bool{}
	for range 20 {
		d := ask(4)
		if d.More || len(d.Listings) == 0 {
			t.Fatalf("600 members in 16 buckets: more is %v, and %d bytes of listings; want some buckets told", d.More, len(d.Listings))
		}
		told[string(d.Listings[:1])] = true // the first bucket told: they take turns
	}
	if len(told) < 3 || a.Drops()[gossip.Deferred] == 0 {
		t.Errorf("the listings begin with %d different buckets, and %d members are counted as deferred: want turns, and a count",
			len(told), a.Drops()[gossip.Deferred])
	}
	for _, want := range []int{1, 0} { // at once, and again at once
		if out := a.hear("b", &wire.Delta{Header: header("b", 4), More: true}); len(out.Syncs) != want {
			t.Errorf("word that there is more leads to syncs with %v, want %d: not more than one in four intervals", out.Syncs, want)
		}
	}
}

// R17: Two views that differ in a lot more than a packet holds are made one on a stream.
func TestSyncFetchesManyMissingRecords(t *testing.T) {
	a, b := newLone(t, "a", gossip.DefaultConfig()), newLone(t, "b", gossip.DefaultConfig())
	crowd(a, 200)
	a.tell("x", entryOf("b", 1))
	var syncs []netip.AddrPort
	for i := 0; i < 100 && len(syncs) == 0; i++ {
		for _, env := range a.run(interval).Messages {
			b.hear("a", env.Message)
		}
		d := *lastDigest(b)
		d.To = "a"
		for _, reply := range a.hear("b", &d).Messages {
			syncs = append(syncs, b.hear("a", reply.Message).Syncs...)
		}
	}
	if len(syncs) == 0 || syncs[0] != address("a") {
		t.Errorf("a view that lacks 200 members leads to syncs with %v, want one with the peer that has them", syncs)
	}
}

// lastDigest runs an engine until it sends a digest.
func lastDigest(l *lone) *wire.Digest {
	for range 100 {
		l.tell("y", entryOf("y", l.beats()))
		if _, digests := sent[*wire.Digest](l.run(interval)); len(digests) > 0 {
			return digests[len(digests)-1]
		}
	}
	l.t.Fatal("no digest in 100 intervals")
	return nil
}
