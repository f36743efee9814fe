package gossip_test

import (
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// fullOfDead returns a cluster of 24 with room for 24 others, 12 of which are dead in all views.
func fullOfDead(t *testing.T) *cluster {
	c := newCluster(t, 5, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 24 })
	c.boot(24)
	for i := 12; i < 24; i++ {
		c.Crash(sim.Name(i))
	}
	c.Run(time.Minute)
	return c
}

// join lets new members join by the first one, a second apart.
func (c *cluster) join(names ...int) {
	for _, i := range names {
		if err := c.Start(sim.Name(i), sim.Address(i+1), sim.Address(1)); err != nil {
			c.t.Fatal(err)
		}
		c.Run(time.Second)
	}
}

// R10.
func TestFullListOfDeadMakesRoomForTheLiving(t *testing.T) {
	c := fullOfDead(t)
	c.quiet()
	c.join(24, 25, 26, 27, 28, 29)
	c.mustBeWhole(10 * time.Second)
	c.mustAccuseNobody()
	forgotten := c.events(membership.EventForgotten, "")
	if len(forgotten) == 0 || forgotten[0].Reason != gossip.MadeWay {
		t.Errorf("that the dead make way is told by these events: %v", forgotten)
	}
}

// R5, R15: what a full list refuses is not asked for again and again.
func TestFullListOfLivingCostsFewPackets(t *testing.T) {
	c := newCluster(t, 5, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 24 })
	c.boot(24)
	c.join(24, 25, 26, 27, 28, 29)
	c.mustCost(4, 30)
}

// R5, R15.
func TestFullListOfDeadCostsFewPackets(t *testing.T) {
	c := fullOfDead(t)
	c.join(24, 25, 26, 27, 28, 29)
	c.mustCost(4, 18)
}

// mustCost fails when the members that run send more packets in an interval than each the number given.
func (c *cluster) mustCost(most float64, running int) {
	c.t.Helper()
	packets := 0
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) { packets++ }
	const intervals = 80
	for range intervals {
		if c.Run(interval); packets > 1_000_000 {
			break
		}
	}
	if each := float64(packets) / intervals / float64(running); each > most {
		c.t.Errorf("a member sends %.1f messages in an interval, want %.0f at most", each, most)
	}
}

// R10, R3: what an operator asks for everywhere is done by those who hold the member dead themselves, and by nobody else.
func TestForgetEverywhere(t *testing.T) {
	c := newCluster(t, 7)
	c.boot(40)
	dead := []string{sim.Name(38), sim.Name(39)}
	for _, name := range dead {
		c.Crash(name)
		c.mustAgree(name, "dead", 10*time.Second)
	}
	c.Run(2 * time.Minute) // they are in no digest any more
	c.quiet()
	t.Run("one packet reaches all", func(t *testing.T) {
		c.forgetEverywhere(sim.Name(0), dead...)
		for _, name := range dead {
			c.mustAgree(name, "unknown", 5*time.Second)
		}
		if n := len(c.events(membership.EventForgotten, "")); n != 2*38 {
			t.Errorf("%d times a member was forgotten, want once by each of 38", n)
		}
	})
	t.Run("it comes to an end", func(t *testing.T) {
		c.Run(5 * time.Second)
		told := 0
		c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) {
			if v, ok := m.(*wire.Evidence); ok {
				told += len(v.Forgets)
			}
		}
		c.Run(5 * time.Second)
		if told > 0 {
			t.Errorf("five seconds later the request is still sent: %d times", told)
		}
	})
	t.Run("who starts again is back", func(t *testing.T) {
		c.last = map[[2]string]counter{} // the memory of who starts is empty
		if err := c.Start(sim.Name(39), sim.Address(40), sim.Address(1)); err != nil {
			t.Fatal(err)
		}
		c.mustAgree(sim.Name(39), "alive", 5*time.Second)
	})
}

// R3: nobody forgets a member that it holds alive, or of which it knows a sign of life since.
func TestForgetEverywhereIsNoVerdict(t *testing.T) {
	for _, x := range []struct {
		what string
		f    func(m *membership.Record) wire.Forget
		want string
	}{
		{"that it is dead here", func(r *membership.Record) wire.Forget {
			return wire.Forget{Name: r.Name, Incarnation: r.Incarnation, Heartbeat: 1 << 20}
		}, "unknown"},
		{"a later life", func(r *membership.Record) wire.Forget {
			return wire.Forget{Name: r.Name, Incarnation: r.Incarnation - 1, Heartbeat: 1 << 20}
		}, "dead"},
		{"a higher heartbeat", func(r *membership.Record) wire.Forget {
			return wire.Forget{Name: r.Name, Incarnation: r.Incarnation, Heartbeat: 3}
		}, "dead"},
	} {
		c := newCluster(t, 7)
		c.start("a", "b", "c")
		c.Run(10 * time.Second)
		c.Crash("c")
		c.mustAgree("c", "dead", 10*time.Second)
		r, _ := c.view("a", "c")
		c.Inject("a", address("b"), &wire.Evidence{Header: headerOf(c.Member("b")), Forgets: []wire.Forget{x.f(r.Record)}})
		if got := c.state("a", "c"); got != x.want {
			t.Errorf("%s: c is %s, want %s", x.what, got, x.want)
		}
	}
	c := newCluster(t, 7)
	c.start("a", "b", "c")
	c.Run(10 * time.Second)
	r, _ := c.view("a", "c")
	c.Inject("a", address("b"), &wire.Evidence{Header: headerOf(c.Member("b")), Forgets: []wire.Forget{
		{Name: "c", Incarnation: r.Record.Incarnation, Heartbeat: 1 << 20}, {Name: "a", Incarnation: 1 << 50, Heartbeat: 1},
	}})
	if got := c.state("a", "c"); got != "alive" {
		t.Errorf("a member that lives is %s after a request to forget it, want alive", got)
	}
}

// forgetEverywhere lets an observer forget members, and ask the others.
func (c *cluster) forgetEverywhere(observer string, names ...string) {
	c.t.Helper()
	if err := c.ForgetAll(observer, names, gossip.ForgetOptions{Everywhere: true}); err != nil {
		c.t.Fatal(err)
	}
}

func headerOf(m *sim.Member) wire.Header {
	own := m.Engine.Self()
	return wire.Header{From: own.Record.Name, Incarnation: own.Record.Incarnation, Heartbeat: own.Heartbeat}
}
