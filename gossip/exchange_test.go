package gossip_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// carry hands the messages of one engine that are meant for another to it, and back, until nothing more is said. It
// returns the kinds of the messages in order.
func carry(out gossip.Outputs, from, to *lone) (kinds []string) {
	for _, env := range out.Messages {
		if env.To != address(to.Self().Record.Name) {
			continue
		}
		kinds = append(kinds, env.Message.Kind().String())
		kinds = append(kinds, carry(to.hear(from.Self().Record.Name, env.Message), to, from)...)
	}
	return kinds
}

// R5.
func TestExchangeEachWayMergesBothSides(t *testing.T) {
	a, b := newLone(t, "a", gossip.DefaultConfig()), newLone(t, "b", gossip.DefaultConfig())
	for _, l := range []*lone{a, b} {
		l.run(5 * time.Second)
	}
	newer := func(r *membership.Record) { r.Version, r.Zone = 15, "z" }
	a.tell("x", entryOf("b", 20), entryOf("c", 9), entryOf("d", 5), entryOf("e", 18, newer), entryOf("f", 8))
	b.tell("x", entryOf("a", 20), entryOf("c", 4), entryOf("d", 7), entryOf("e", 19), entryOf("g", 6))

	a.run(interval) // the news that a pushes is lost
	b.run(interval)
	// The two list different records, so each asks the other and is told what it listed: what the one who was asked lacks
	// comes with the exchange that it begins itself.
	for _, x := range [][2]*lone{{a, b}, {b, a}} {
		var kinds []string
		for len(kinds) == 0 || kinds[0] != "digest" { // it may visit others first
			kinds = carry(x[0].run(interval), x[0], x[1])
			x[1].run(interval)
		}
		if len(kinds) > 4 {
			t.Errorf("an exchange took %v, want at most: asked; told what is listed here; told and asked; told", kinds)
		}
	}
	for _, name := range []string{"c", "d", "e", "f", "g"} {
		x, y := a.mustSee(name), b.mustSee(name)
		if x.Heartbeat != y.Heartbeat || fmt.Sprintf("%+v", *x.Record) != fmt.Sprintf("%+v", *y.Record) {
			t.Errorf("of %s, a knows heartbeat %d of %+v, b heartbeat %d of %+v: want the same", name, x.Heartbeat, *x.Record,
				y.Heartbeat, *y.Record)
		}
	}
	for name, want := range map[string]uint64{"c": 9, "d": 7, "e": 19} {
		if got := b.mustSee(name).Heartbeat; got != want {
			t.Errorf("the heartbeat of %s is %d, want the higher of both, %d", name, got, want)
		}
	}
	if got := b.mustSee("e").Record.Zone; got != "z" {
		t.Errorf("b has e's zone as %q, want the newer record", got)
	}
}

// R5: When both sides list the same records, heartbeats travel without a name, in one packet each way.
func TestExchangeOfHeartbeatsIsOnePacketEachWay(t *testing.T) {
	a, b := newLone(t, "a", gossip.DefaultConfig()), newLone(t, "b", gossip.DefaultConfig())
	for _, l := range []*lone{a, b} {
		l.run(5 * time.Second)
		l.tell("x", entryOf("a", 1), entryOf("b", 1), entryOf("c", 7), entryOf("d", 7), entryOf("e", 7))
		l.run(interval)
	}
	a.tell("x", entryOf("c", 9), entryOf("d", 8))
	b.tell("x", entryOf("d", 9), entryOf("e", 12))
	var kinds []string
	for len(kinds) == 0 {
		kinds = carry(a.run(interval), a, b)
		kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == "evidence" }) // the others answer nobody
		b.run(interval)
	}
	if want := []string{"digest", "delta"}; !slices.Equal(kinds, want) {
		t.Errorf("the exchange took %v, want %v", kinds, want)
	}
	for name, want := range map[string]uint64{"c": 9, "d": 9, "e": 12} {
		if x, y := a.mustSee(name).Heartbeat, b.mustSee(name).Heartbeat; x != want || y != want {
			t.Errorf("then a knows heartbeat %d of %s, and b %d; want %d, the higher of both", x, name, y, want)
		}
	}
}

// R5: Clocks that differ cost bits, and nothing else: the heartbeats told are exact at any skew.
func TestExchangeIsExactAtAnyClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{0, time.Second, -time.Hour, 23 * time.Hour, 10 * 365 * 24 * time.Hour} {
		a, b := newLone(t, "a", gossip.DefaultConfig()), newLone(t, "b", gossip.DefaultConfig())
		for _, l := range []*lone{a, b} {
			l.run(5 * time.Second)
			l.tell("x", entryOf("a", 1), entryOf("b", 1), entryOf("c", 7))
		}
		a.tell("x", entryOf("c", 13))
		out := a.run(30 * interval) // long enough for the walk to come by b
		to, digests := sent[*wire.Digest](out)
		i := slices.Index(to, address("b"))
		d := *digests[i]
		// The same digest, told by a clock that is off: every lag is the same number of intervals more.
		b.now = b.now.Add(skew)
		b.next = b.now
		b.hear("a", &d)
		if got := b.mustSee("c").Heartbeat; got != 13 {
			t.Errorf("b's clock is %s off a's: it takes c's heartbeat for %d, want 13", skew, got)
		}
	}
}

// R5.
func TestDigestIsAlwaysReplied(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.run(time.Second)
	for _, d := range []*wire.Digest{
		{Header: header("b", 4)},
		{Header: header("b", 4), Bits: 3, First: 6, Count: 8, Columns: make([]byte, 8)},
		{Header: header("b", 4), Count: 1, Columns: []byte("garbage")},
	} {
		to, replies := sent[*wire.Delta](a.hear("b", d))
		if len(replies) == 0 || to[0] != address("b") {
			t.Fatalf("the digest %+v is not answered: a peer that hears nothing holds me for dead", d)
		}
		if h := replies[0].Header; h.Heartbeat != a.Self().Heartbeat || h.From != "a" || h.To != "b" {
			t.Errorf("the answer's header is %+v, want news of a at first hand", h)
		}
	}
}

// R5.
func TestWalkMakesEveryPairMeetWithinTwo(t *testing.T) {
	const n = 10
	a := newLone(t, "a", gossip.DefaultConfig())
	a.run(time.Second)
	var others []membership.Entry
	last := map[netip.AddrPort]int{}
	for i := range n - 1 {
		name := string(rune('b' + i))
		others = append(others, entryOf(name, 1))
		last[address(name)] = 0
	}
	a.tell("b", others...)
	for round := 1; round <= 20*(n-1); round++ {
		for i := range others { // all live
			others[i].Heartbeat = a.beats()
		}
		a.tell("b", others...)
		to, digests := sent[*wire.Digest](a.run(interval))
		if len(digests) < 1 || len(digests) > 2 {
			t.Fatalf("round %d asks %d peers, want the fanout of 1, and one more while peers are silent", round, len(digests))
		}
		for _, peer := range to {
			last[peer] = round
		}
		for who, when := range last {
			if round-when > 2*(n-1) {
				t.Fatalf("in round %d, %s was last met in round %d: more than two walks of %d ago", round, who, when, n-1)
			}
		}
	}
}

// R5.
func TestRoundMakesUpForAPeerThatDidNotReply(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.tell("b", entryOf("b", 1), entryOf("c", 1), entryOf("d", 1), entryOf("e", 1))
	asked := func() int {
		to, _ := sent[*wire.Digest](a.run(interval))
		return len(to)
	}
	for round, want := range []int{1, 2, 2} { // nobody answers; it never gets more than twice the fanout
		if got := asked(); got != want {
			t.Errorf("round %d among the silent asks %d peers, want %d", round, got, want)
		}
	}
	for _, name := range []string{"b", "c", "d", "e"} {
		a.tell(name)
	}
	if got := asked(); got != 1 {
		t.Errorf("after all have answered a round asks %d peers, want the fanout of 1", got)
	}
}

// R5: Two neighbours on the ring that crash together would else be found one after the other.
func TestSuccessorThatDidNotReplyToProbesIsPassedOver(t *testing.T) {
	cfg := gossip.DefaultConfig()
	cfg.Dead.Phi, cfg.Dead.Max = 300, time.Hour // nobody is declared dead here
	a := newLone(t, "a", cfg)
	for c := byte('b'); c <= 'u'; c++ {
		a.answering = append(a.answering, string(c))
	}
	ring := slices.Clone(a.answering)
	slices.SortFunc(ring, func(x, y string) int { // in the order in which they follow a
		return cmp.Compare(membership.HashName(x)-membership.HashName("a"), membership.HashName(y)-membership.HashName("a"))
	})
	known := func() {
		var all []membership.Entry
		for _, name := range a.answering {
			all = append(all, entryOf(name, a.beats()))
		}
		a.tell("b", all...)
	}
	known()
	a.answering = slices.DeleteFunc(a.answering, func(name string) bool { return name == ring[0] })
	asked := map[netip.AddrPort]int{}
	for round := range 80 {
		known()
		to, _ := sent[*wire.Digest](a.run(interval))
		for _, peer := range to {
			if round >= 40 { // by then it has been asked without a reply
				asked[peer]++
			}
		}
	}
	if first, second := asked[address(ring[0])], asked[address(ring[1])]; first > 6 || second < 18 {
		t.Errorf("in 40 rounds the silent successor is asked %d times and the one after it %d, want some 2 and 20", first, second)
	}
}

// R5.
func TestRoundTakesAsManyDifferentPeersAsTheFanout(t *testing.T) {
	cfg := gossip.DefaultConfig()
	cfg.Fanout = 3
	a := newLone(t, "a", cfg)
	a.tell("b", entryOf("b", 1), entryOf("c", 1), entryOf("d", 1), entryOf("e", 1))
	for round := range 6 { // nobody has been silent for long
		to, _ := sent[*wire.Digest](a.run(interval))
		for _, name := range []string{"b", "c", "d", "e"} {
			a.tell(name) // all answer
		}
		slices.SortFunc(to, netip.AddrPort.Compare)
		if len(slices.Compact(to)) != 3 {
			t.Errorf("round %d asks %v, want 3 different peers", round, to)
		}
	}
	b := newLone(t, "b", cfg)
	b.tell("a", entryOf("a", 1))
	if to, _ := sent[*wire.Digest](b.run(interval)); len(to) != 1 {
		t.Errorf("with one peer %v are asked, want just that one", to)
	}
}

// R2.
func TestMessagesMeanTheSameInAnyOrderAndRepeated(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cfg := gossip.DefaultConfig()
		entries := rapid.SliceOfN(anyEntryOf().Filter(func(e membership.Entry) bool {
			return !e.Record.Leaving && e.Record.Name != "a"
		}), 1, 12).Draw(r, "entries")
		seed := rapid.Uint64().Draw(r, "order")
		shuffled := append(slices.Clone(entries), entries...)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		known := func(entries []membership.Entry) string {
			a := newLone(t, "a", cfg)
			a.run(20 * time.Second)
			for _, e := range entries {
				a.tell("y", e)
			}
			var s strings.Builder
			for _, v := range a.Snapshot(a.now) {
				fmt.Fprintf(&s, "%d %+v\n", v.Heartbeat, *v.Record)
			}
			return s.String()
		}
		if x, y := known(entries), known(shuffled); x != y {
			r.Fatalf("told in order it knows\n%s, told twice and shuffled\n%s", x, y)
		}
	})
}

// R6.
func TestArrivalCountsOnceHoweverManyTellIt(t *testing.T) {
	listen := func(tellers ...string) *lone {
		a := newLone(t, "a", gossip.DefaultConfig())
		for h := uint64(1); h < 40; h++ {
			for _, teller := range tellers {
				a.now = a.now.Add(interval / time.Duration(10*len(tellers)))
				a.tell(teller, entryOf("z", h))
			}
			a.run(sim.Epoch.Add(time.Duration(h) * interval).Sub(a.now))
		}
		return a
	}
	once, often := listen("b"), listen("b", "c", "d", "e", "b")
	once.run(time.Second)
	often.run(time.Second)
	x, y := once.mustSee("z"), often.mustSee("z")
	if x.Phi < 0.5 || x.Phi > y.Phi*1.1 || y.Phi > x.Phi*1.1 {
		t.Errorf("after a second of silence z's phi is %.3g when each heartbeat was told once, and %.3g when five told it: want them alike",
			x.Phi, y.Phi)
	}
}

// R6.
func TestArrivalIsNotTheFirstCounterOfAMember(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.run(time.Minute)
	out := a.tell("b", entryOf("z", 7)) // it may have died long ago
	if v := a.mustSee("z"); v.DeadAfter != gossip.DefaultConfig().Dead.Max || !v.Direct.IsZero() {
		t.Errorf("after a first counter z is judged with %+v, want the longest time-out", v)
	}
	if happened(out.Events, membership.EventJoin, "z") != 1 || happened(out.Events, membership.EventAlive, "z") != 0 {
		t.Errorf("a first counter causes %v, want a join alone", out.Events)
	}
}
