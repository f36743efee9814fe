package gossip_test

import (
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// R13.
func TestGoodbyeIsSeenAsLeftByAll(t *testing.T) {
	t.Parallel()
	for _, loss := range []float64{0, 0.3} {
		var worst time.Duration
		for seed := range uint64(10) {
			c := newCluster(t, seed, func(cfg *sim.Config) { cfg.Network.Loss = loss })
			c.boot(20)
			began := c.Now()
			c.Leave(sim.Name(7))
			c.mustAgree(sim.Name(7), "left", 3*time.Second)
			worst = max(worst, c.Now()-began)
			c.Run(20 * time.Second)
			if c.Member(sim.Name(7)).Engine != nil {
				t.Errorf("loss %g, seed %d: it still runs 20 s after it left", loss, seed)
			}
			c.mustAccuseNobody()
			if !c.agree(sim.Name(7), "left") {
				t.Errorf("loss %g, seed %d: a goodbye became something else: %s", loss, seed, c.views(sim.Name(7)))
			}
			if got := len(c.events(membership.EventLeft, sim.Name(7))); got != 20 {
				t.Errorf("loss %g, seed %d: %d members say that it left, want all 20 once", loss, seed, got)
			}
		}
		t.Logf("loss %g: a goodbye is known to all after %s at worst", loss, worst)
	}
}

// R13.
func TestGoodbyeWithManyTagsIsSeenByAll(t *testing.T) {
	c := newCluster(t, 13)
	c.OnMessage = c.mustFit
	c.start("a", "b", "c", "d")
	if err := c.SetTags("d", membership.Tags{{Key: "k", Value: strings.Repeat("v", 4000)}}); err != nil {
		t.Fatal(err)
	}
	c.Run(20 * time.Second)
	c.Leave("d")
	c.mustAgree("d", "left", 2*time.Second)
}

// R13.
func TestLeaveOfAMemberAloneIsOverAtOnce(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.keep(a.Leave(a.now))
	if over, told := a.HasLeft(); !over || told != 0 {
		t.Errorf("alone, leaving is over: %v, and %d were told; want it over with nobody told", over, told)
	}
}

// R13.
func TestLeaveIsOverWhenAcknowledgedOrGivenUp(t *testing.T) {
	for _, answers := range []bool{true, false} {
		a := newLone(t, "a", gossip.DefaultConfig())
		a.tell("b", entryOf("b", 1), entryOf("c", 1))
		a.take()
		a.keep(a.Leave(a.now))
		to, pings := sent[*wire.Ping](a.take())
		if len(pings) != 2 || len(pings[0].News) != 1 || !pings[0].News[0].Record.Leaving {
			t.Fatalf("leaving tells %v %+v, want both others told with a ping that brings the record", to, pings)
		}
		if over, _ := a.HasLeft(); over {
			t.Fatal("leaving is over before anybody confirmed")
		}
		if answers {
			for _, p := range pings {
				a.hear(p.To, &wire.Pong{Header: header(p.To, 2), Nonce: p.Nonce})
			}
		} else {
			a.run(7 * interval)
		}
		over, told := a.HasLeft()
		if want := map[bool]int{true: 2, false: 0}[answers]; !over || told != want {
			t.Errorf("answered %v: leaving is over: %v, and %d confirmed; want it over, and %d", answers, over, told, want)
		}
	}
}

// R13: Of a hundred members ninety-nine died, and all of them are still listed: the goodbye must reach the one that lives.
func TestGoodbyeFindsTheFewThatLive(t *testing.T) {
	missed := 0
	for seed := range uint64(10) {
		a := newLone(t, "a", gossip.DefaultConfig())
		var others []membership.Entry
		for i := range 100 {
			others = append(others, entryOf("b", 1, func(r *membership.Record) {
				r.Name, r.Address = sim.Name(i), sim.Address(100+i)
			}))
		}
		for ; len(others) > 0; others = others[min(10, len(others)):] {
			a.tell("x", others[:min(10, len(others))]...)
		}
		a.run(time.Minute + time.Duration(seed)*interval)
		if got := a.mustSee(sim.Name(42)).State; got != membership.Dead {
			t.Fatalf("after a minute of silence they are %s: the test is void", got)
		}
		a.tell("z", entryOf("z", a.beats()))
		a.take()
		a.keep(a.Leave(a.now))
		if to, _ := sent[*wire.Ping](a.take()); len(to) != 1 || to[0] != address("z") {
			missed++
		}
	}
	if missed > 0 {
		t.Errorf("of 10 goodbyes %d did not go to the one member that lives", missed)
	}
}

// R13.
func TestLeaveIsBoundToItsIncarnation(t *testing.T) {
	c := newCluster(t, 13)
	c.start("a", "b", "c")
	c.Run(10 * time.Second)
	c.Leave("c")
	c.mustAgree("c", "left", 2*time.Second)
	goodbye, _ := c.view("a", "c")
	c.Run(2 * time.Second)
	c.quiet()
	c.restart("c", address("a"))
	c.mustBeWhole(2 * time.Second)
	for _, observer := range []string{"a", "b"} {
		if got := happenedAt(c.events(membership.EventJoin, "c"), observer); got != 1 {
			t.Errorf("%s sees c, which had left, join %d times, want once", observer, got)
		}
	}
	// The goodbye of the older life comes again, late.
	c.Inject("b", address("a"), &wire.Delta{
		Header:  wire.Header{From: "a", Incarnation: c.Member("a").Engine.Self().Record.Incarnation, Heartbeat: 1},
		Entries: []membership.Entry{{Record: goodbye.Record, Heartbeat: goodbye.Heartbeat}},
	})
	if got := c.state("b", "c"); got != "alive" {
		t.Errorf("the goodbye of an older life makes c %s, want alive", got)
	}
}

func happenedAt(events []sighting, observer string) int {
	n := 0
	for _, s := range events {
		if s.observer == observer {
			n++
		}
	}
	return n
}

// R13.
func TestLeaveStopsExchanges(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.tell("b", entryOf("b", 1))
	a.keep(a.Leave(a.now))
	out := a.run(4 * interval)
	if _, digests := sent[*wire.Digest](out); len(digests) != 0 {
		t.Errorf("after its goodbye it asks %d times for news", len(digests))
	}
	if _, replies := sent[*wire.Delta](a.hear("b", &wire.Digest{Header: header("b", 4)})); len(replies) == 0 {
		t.Error("after its goodbye it does not reply, want it to tell all that ask that it leaves")
	}
}

// R13.
func TestLeaveOfAThirdAtOnceIsNoAlarm(t *testing.T) {
	c := newCluster(t, 13)
	c.boot(30)
	for i := range 10 {
		c.Leave(sim.Name(3 * i))
	}
	for i := range 10 {
		c.mustAgree(sim.Name(3*i), "left", 3*time.Second)
	}
	c.Run(20 * time.Second)
	c.mustAccuseNobody()
}
