package gossip_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// life returns a record of a name at an address, whose life begins now or that much later.
func (c *cluster) life(name string, at netip.AddrPort, later time.Duration) membership.Record {
	return membership.Record{
		Name: name, Address: at, Interval: interval, Incarnation: uint64(c.Clock().Add(later).UnixMilli()),
	}
}

// startAs starts a process under a member's name.
func (c *cluster) startAs(process string, r membership.Record, seeds ...netip.AddrPort) {
	c.t.Helper()
	c.last = map[[2]string]counter{}
	if err := c.StartAs(process, r, seeds...); err != nil {
		c.t.Fatal(err)
	}
}

// mustLiveAt lets time pass until all others see the name alive at an address, and returns how long that took.
func (c *cluster) mustLiveAt(name string, at netip.AddrPort, within time.Duration) time.Duration {
	c.t.Helper()
	began := c.Now()
	done := func() bool {
		for _, m := range c.Running() {
			v, ok := c.view(m.Name, name)
			if !ok || v.State != membership.Alive || v.Record.Address != at {
				return false
			}
		}
		return true
	}
	if !c.RunUntil(within, interval/10, done) {
		c.t.Errorf("after %s not all see %s alive at %s: %s", within, name, at, c.views(name))
	}
	return c.Now() - began
}

// R14.
func TestNameOfARestartAtTheSameAddressIsTakenAtOnce(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, time.Minute} { // not noticed, not noticed, dead
		c := newCluster(t, 14)
		c.start("a", "b", "c", "d", "e")
		c.Run(20 * time.Second)
		older := c.Member("c").Engine.Self().Record.Incarnation
		c.Crash("c")
		c.Run(after)
		c.quiet()
		c.restart("c", address("a"))
		took := c.mustLiveAt("c", address("c"), time.Second)
		c.Run(10 * time.Second)
		for _, observer := range []string{"a", "b", "d", "e"} {
			if v, _ := c.view(observer, "c"); v.Record.Incarnation <= older || v.State != membership.Alive {
				t.Errorf("restarted after %s: %s sees incarnation %d %s, want the new life", after, observer, v.Record.Incarnation, v.State)
			}
		}
		c.mustAccuseNobody()
		if got := len(c.events(membership.EventAlive, "c")); got != 4 {
			t.Errorf("restarted after %s: %d members say that it is alive again, want 4", after, got)
		}
		if got := len(c.events(membership.EventConflict, "")); got != 0 {
			t.Errorf("restarted after %s: %d conflicts, want none", after, got)
		}
		t.Logf("restarted after %s: known to all after %s", after, took)
	}
}

// R14.
func TestNameOfARestartAtANewAddressIsTakenOnceNobodyRepliesAtTheOld(t *testing.T) {
	for _, after := range []time.Duration{0, time.Minute} { // its death is not noticed yet; it is dead
		c := newCluster(t, 14)
		c.start("a", "b", "c", "d")
		c.Run(20 * time.Second)
		c.Crash("c")
		c.Run(after)
		c.quiet()
		moved := sim.Address(77)
		c.startAs("c", c.life("c", moved, time.Millisecond), address("a"))
		patience := 4 * interval
		took := c.mustLiveAt("c", moved, patience+time.Second)
		if after == 0 && took < patience-interval {
			t.Errorf("a holder whose death is not noticed is asked for %s only, want a patience of %s", took, patience)
		}
		if after > 0 && took > time.Second {
			t.Errorf("the name of the dead is given away after %s only, want it at once", took)
		}
		c.Run(10 * time.Second)
		c.mustAccuseNobody()
		if c.Member("c").Refused != "" || len(c.events(membership.EventConflict, "")) != 0 {
			t.Error("a restart at a new address was refused, or called a conflict")
		}
	}
}

// R14.
func TestNameOfALiveMemberIsRefusedToAJoiner(t *testing.T) {
	for _, seed := range []string{"a", "c"} { // somebody else is asked; the holder itself is
		c := newCluster(t, 14)
		c.start("a", "b", "c", "d")
		c.Run(20 * time.Second)
		before := c.Member("c").Engine.Self().Record
		c.quiet()
		c.startAs("thief", c.life("c", sim.Address(77), 0), address(seed))
		c.Run(2 * time.Second)
		thief := c.Member("thief")
		if thief.Engine != nil || thief.Refused != address("c").String() {
			t.Errorf("by seed %s: the joiner runs: %v, and is told %q; want it refused by the name of the holder's address, %s",
				seed, thief.Engine != nil, thief.Refused, address("c"))
		}
		if after := c.Member("c").Engine.Self().Record; after != before {
			t.Errorf("by seed %s: the holder's record became %+v, want it undisturbed", seed, *after)
		}
		c.Run(10 * time.Second)
		if !c.whole() {
			t.Errorf("by seed %s: the cluster is not what it was", seed)
		}
		for _, s := range c.seen {
			if s.Type != membership.EventConflict || s.observer != seed && s.observer != "thief" {
				t.Errorf("by seed %s: %s sees %s of %s (%s), want a conflict at the seed and nothing else", seed, s.observer, s.Type,
					s.Member.Record.Name, s.Reason)
			}
		}
		if got := happenedAt(c.events(membership.EventConflict, "c"), seed); got != 1 {
			t.Errorf("by seed %s: it reports %d conflicts, want one", seed, got)
		}
	}
}

// R14: A supervisor starts a refused agent again and again. That is one state that lasts.
func TestNameThatIsRefusedForEverIsAConflictEveryTenMinutes(t *testing.T) {
	for _, seed := range []string{"a", "c"} { // somebody else is asked; the holder itself is
		c := newCluster(t, 14)
		c.start("a", "b", "c", "d")
		c.Run(20 * time.Second)
		c.quiet()
		for i := range 25 * 2 {
			c.startAs(fmt.Sprintf("thief%d", i), c.life("c", sim.Address(70+i), 0), address(seed)) // from another port each time
			c.Run(30 * time.Second)
		}
		var at []time.Duration
		for _, s := range c.events(membership.EventConflict, "c") {
			if s.observer == seed {
				at = append(at, s.at)
			}
		}
		if len(at) != 3 || at[1]-at[0] < 10*time.Minute || at[2]-at[1] < 10*time.Minute {
			t.Errorf("by seed %s: 50 refusals in 25 minutes are reported at %s, want once and then every ten minutes", seed, at)
		}
	}
}

// R14.
func TestNameOfTwoLiveAgentsBelongsToTheNewer(t *testing.T) {
	for seed := range uint64(5) {
		c := newCluster(t, seed)
		c.start("a", "b", "c", "d")
		c.Run(10 * time.Second)
		older, newer := sim.Address(70), sim.Address(71)
		c.Network.Partition(append(addresses("a", "b"), older), append(addresses("c", "d"), newer))
		c.Run(time.Second)
		c.startAs("older", c.life("x", older, 0), address("a"))
		c.Run(30 * time.Second)
		c.startAs("newer", c.life("x", newer, 0), address("c"))
		c.Run(10 * time.Second)
		c.quiet()
		c.Network.Heal()
		healed := c.Now()
		if !c.RunUntil(10*time.Second, interval/10, func() bool { return c.Member("older").Deposed }) {
			t.Fatalf("seed %d: 10 s after they met the older still holds the name", seed)
		}
		t.Logf("seed %d: the older gave way %s after the links were whole", seed, c.Now()-healed)
		if c.Member("newer").Engine == nil {
			t.Fatalf("seed %d: the newer gave way too", seed)
		}
		c.mustLiveAt("x", newer, 2*time.Second)
		for _, process := range []string{"older", "newer"} {
			if happenedAt(c.events(membership.EventConflict, "x"), process) == 0 {
				t.Errorf("seed %d: the %s says nothing of the conflict", seed, process)
			}
		}
		c.Run(20 * time.Second)
		c.mustLiveAt("x", newer, interval)
		c.mustAccuseNobody("a", "b", "c", "d") // who may be dead to each other still when the links are whole
	}
}

// R14: Two agents from one disk image may have one incarnation. The higher address holds the name then, so that both decide
// alike.
func TestNameOfTwoClonesBelongsToTheHigherAddress(t *testing.T) {
	for _, c := range []struct {
		clone   netip.AddrPort
		deposed bool
	}{{sim.Address(2), true}, {netip.MustParseAddrPort("9.9.9.9:4327"), false}} {
		a := newLone(t, "a", gossip.DefaultConfig())
		a.run(time.Second)
		out := a.tell("b", entryOf("a", 1, func(r *membership.Record) { r.Address = c.clone }))
		to, pings := sent[*wire.Ping](out)
		if len(pings) != 1 || to[0] != c.clone {
			t.Fatalf("news of a clone at %s: %v are probed, want the clone", c.clone, to)
		}
		a.take()
		a.keep(a.Receive(a.now, c.clone, &wire.Pong{Header: header("a", 4), Nonce: pings[0].Nonce}))
		out = a.take()
		if (out.Deposed != nil) != c.deposed || happened(out.Events, membership.EventConflict, "a") != 1 {
			t.Errorf("the clone at %s answers %s: gives way %v with events %v, want %v, and a conflict", c.clone, address("a"),
				out.Deposed != nil, out.Events, c.deposed)
		}
	}
}

// R14: A packet of one's own that comes back, or of an older life that was under way for long, is no other agent.
func TestNameIsNotInConflictWithAnEcho(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.run(time.Second)
	for _, c := range []struct {
		what string
		from netip.AddrPort
		life uint64
	}{
		{"a packet of mine that comes back", address("a"), 0},
		{"a packet of mine that comes back by way of a translated address", sim.Address(99), 0},
		{"a packet of my next life, at my address", address("a"), 1},
	} {
		h := header("a", 1)
		h.Incarnation += c.life
		a.take()
		a.keep(a.Receive(a.now, c.from, &wire.Digest{Header: h}))
		if out := a.take(); len(out.Events) != 0 || out.Deposed != nil {
			t.Errorf("%s: %v, want nothing to happen", c.what, out.Events)
		}
	}
}

// R14: The clock went back before the restart, and the state file is lost: others know of a later life (cockroach#30031).
func TestIncarnationRisesAboveAnEarlierLife(t *testing.T) {
	for _, at := range []netip.AddrPort{address("c"), sim.Address(77)} {
		for _, dead := range []time.Duration{0, 20 * time.Second} {
			what := fmt.Sprintf("at %s, %s after the crash", at, dead)
			c := newCluster(t, 14)
			c.start("a", "b", "c", "d")
			c.Run(20 * time.Second)
			older := c.Member("c").Engine.Self().Record.Incarnation
			c.Crash("c")
			c.Run(dead)
			c.quiet()
			c.startAs("c", c.life("c", at, -time.Hour), address("a"))
			c.mustLiveAt("c", at, 6*time.Second)
			c.Run(10 * time.Second)
			c.mustLiveAt("c", at, interval)
			if now := c.Member("c").Engine; now == nil || now.Self().Record.Incarnation <= older {
				t.Errorf("%s: it does not live above its earlier life", what)
			}
			if got := len(c.events(membership.EventConflict, "")); got != 0 {
				t.Errorf("%s: %d conflicts with a ghost, want none", what, got)
			}
		}
	}
}

// R14.
func TestIncarnationsOfManyRestartsAreFollowed(t *testing.T) {
	c := newCluster(t, 14)
	c.start("a", "b", "c", "d", "e")
	c.Run(10 * time.Second)
	c.quiet()
	for range 100 { // in a minute
		c.Crash("e")
		c.restart("e", address("b"))
		c.Run(600 * time.Millisecond)
	}
	c.mustBeWhole(time.Second)
	v, _ := c.view("a", "e")
	if want := c.Member("e").Engine.Self().Record.Incarnation; v.Record.Incarnation != want {
		t.Errorf("after 100 restarts a knows of incarnation %d, want the last, %d", v.Record.Incarnation, want)
	}
	c.mustAccuseNobody()
}

// R1.
func TestAddressThatNowBelongsToAnotherDoesNoHarm(t *testing.T) {
	c := newCluster(t, 1)
	c.start("a", "b", "c", "d")
	c.Run(20 * time.Second)
	c.Crash("d")
	c.startAs("e", c.life("e", address("d"), 0), address("a"))
	c.Run(30 * time.Second)
	if !c.agree("d", "dead") || !c.agree("e", "alive") {
		t.Errorf("another member at its address: d %s; e %s; want d dead and e alive", c.views("d"), c.views("e"))
	}
	if got := c.Member("e").Engine.Drops()[gossip.DropMisaddressed]; got == 0 {
		t.Error("what was meant for d is not counted as misaddressed by e")
	}
}

// R14.
func TestNameProbesAreBounded(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.tell("b", entryOf("b", 1))
	refused := 0
	for i := range 200 {
		thief := entryOf("b", 1, func(r *membership.Record) { r.Incarnation++; r.Address = sim.Address(100 + i) })
		out := a.hearOn(gossip.StreamID(i+1), "x", &wire.Sync{
			Header: wire.Header{From: "b", Incarnation: thief.Record.Incarnation, Heartbeat: 1}, Join: true, Last: true,
			Entries: []membership.Entry{thief},
		})
		_, no := sent[*wire.Refused](out)
		refused += len(no)
	}
	if refused != 200-64 || a.Drops()[gossip.DropBusy] != 200-64 {
		t.Errorf("of 200 that join under one name %d are refused at once, want all but the 64 for whom the holder is asked", refused)
	}
	pings, holders := 0, a.run(10*time.Second)
	to, asked := sent[*wire.Ping](holders)
	for i, who := range to {
		if asked[i].Nonce == 0 {
			continue // b does not answer in exchanges either, and is under suspicion
		}
		pings++
		if who != address("b") {
			t.Fatalf("a probe goes to %s, want the holder alone to be asked", who)
		}
	}
	if pings > 64*5 {
		t.Errorf("the holder is asked %d times, want at most five times for each of 64", pings)
	}
	_, syncs := sent[*wire.Sync](holders)
	if !slices.ContainsFunc(syncs, func(s *wire.Sync) bool { return s.Last }) {
		t.Error("the holder does not answer, but nobody is let in")
	}
}

// A probe goes to an address that others name, so anybody who can speak to this member could make it speak to others:
// little, and to one at a time.
func TestHostileAddressesAreProbedLittle(t *testing.T) {
	const flood, seconds = 64, 20
	forged := func(i int) membership.Entry {
		return entryOf("a", 1, func(r *membership.Record) { r.Incarnation += uint64(i); r.Address = sim.Address(1000 + i) })
	}
	for _, c := range []struct {
		what string
		tell func(a *lone, i int)
		most int // packets that elicits, in 80 intervals
	}{
		{"records under its name that another member passes on", func(a *lone, i int) { a.tell("b", forged(i)) }, 40},
		{"messages under its name, from forged addresses", func(a *lone, i int) {
			h := header("a", 1)
			h.Incarnation += uint64(i)
			a.keep(a.Receive(a.now, sim.Address(1000+i), &wire.Pong{Header: h}))
		}, 100},
	} {
		a := newLone(t, "a", gossip.DefaultConfig())
		toStrangers, inOneGo := 0, 0
		for second := range seconds {
			a.tell("b", entryOf("b", 1))
			said := gossip.Outputs{}
			for i := range flood {
				a.take()
				c.tell(a, second*flood+i+1)
				said.Messages = append(said.Messages, a.take().Messages...)
			}
			first := askedOf(t, said)
			inOneGo = max(inOneGo, first)
			toStrangers += first + askedOf(t, a.run(time.Second))
		}
		if inOneGo > 1 || toStrangers > c.most {
			t.Errorf("%d times %d %s: %d packets to strangers, %d at once, want at most %d, and one", seconds, flood, c.what,
				toStrangers, inOneGo, c.most)
		}
		if toStrangers == 0 {
			t.Errorf("%s: nobody was asked, so the test proves nothing", c.what)
		}
		if a.Drops()[gossip.DropBusy] < seconds*flood/2 {
			t.Errorf("%s: %d of %d are counted as not asked for", c.what, a.Drops()[gossip.DropBusy], seconds*flood)
		}
		_, joiners := sent[*wire.Ping](a.hearOn(7, "x", &wire.Sync{
			Header: wire.Header{From: "b", Incarnation: header("b", 1).Incarnation + 1, Heartbeat: 1}, Join: true, Last: true,
			Entries: []membership.Entry{entryOf("b", 1, func(r *membership.Record) { r.Incarnation++; r.Address = sim.Address(99) })},
		}))
		if len(joiners) != 1 {
			t.Errorf("%s: they leave no room to ask who holds a joiner's name", c.what)
		}
	}
}

// askedOf returns how many messages go to who is no member; they must be small.
func askedOf(t *testing.T, out gossip.Outputs) (n int) {
	t.Helper()
	for _, env := range out.Messages {
		if env.To == address("b") {
			continue
		}
		n++
		if b, err := wire.NewCodec().Encode(env.Message); err != nil || len(b) > 64 {
			t.Errorf("a stranger is sent a %T of %d bytes (%v), want a probe and nothing more", env.Message, len(b), err)
		}
	}
	return n
}

// R14: A word of the refused would be news of a new life, and take the name from its holder after all.
func TestNameRefusedToAJoinerEndsItsMessages(t *testing.T) {
	b := newLone(t, "b", gossip.DefaultConfig())
	for _, from := range []string{"a", "b"} { // a seed; the holder itself
		out := b.hear(from, &wire.Refused{Header: header(from, 5), Reason: wire.NameTaken, Holder: "10.0.0.9:4327"})
		if len(out.Messages) != 0 {
			t.Errorf("refused by %s it says %T, want nothing", from, out.Messages[0].Message)
		}
	}
}
