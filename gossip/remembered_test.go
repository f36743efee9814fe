package gossip_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// powerCut stops all members, and starts those named again, which remember whom they knew and join by the first of them.
func (c *cluster) powerCut(back ...string) {
	c.t.Helper()
	known := map[string][]gossip.Remembered{}
	for _, m := range c.Running() {
		known[m.Name] = slices.Collect(m.Engine.Memory())
		c.Crash(m.Name)
	}
	c.Run(time.Minute)
	c.quiet()
	for _, name := range back {
		var seeds []netip.AddrPort
		if name != back[0] {
			seeds = addresses(back[0])
		}
		c.restart(name, seeds...)
		c.Remember(name, known[name])
	}
}

// R10.
func TestMemberThatMissesAfterAPowerCutIsDead(t *testing.T) {
	start := func(t *testing.T) *cluster {
		c := newCluster(t, 11)
		c.forgetCounters()
		c.start("a", "b", "c", "d")
		c.Run(20 * time.Second)
		c.powerCut("a", "b", "c")
		return c
	}
	t.Run("all list it, and say why", func(t *testing.T) {
		c := start(t)
		c.Run(19 * time.Second)
		c.mustAgree("d", "unknown", 0)
		c.mustAgree("d", "dead", 2*time.Second)
		if told := c.events(membership.EventDead, ""); len(told) != 3 || told[0].Reason != gossip.NotHeard {
			t.Errorf("these events tell of it: %v", told)
		}
		if !c.whole() {
			t.Error("the others do not see each other alive")
		}
	})
	t.Run("who was stopped meanwhile waits anew (R9)", func(t *testing.T) {
		c := start(t)
		c.Freeze("b")
		c.Run(25 * time.Second)
		c.Thaw("b")
		c.Run(19 * time.Second)
		if got := c.state("b", "d"); got != "unknown" {
			t.Errorf("it sees the missing member %s so soon after its stop, want unknown", got)
		}
		c.Run(2 * time.Second)
		if got := c.state("b", "d"); got != "dead" {
			t.Errorf("it sees the missing member %s in the end, want dead", got)
		}
	})
	t.Run("it is not introduced", func(t *testing.T) {
		c := start(t)
		c.Run(30 * time.Second)
		c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) {
			for _, en := range m.Records() {
				if en.Record.Name == "d" {
					t.Errorf("a %s tells of it", m.Kind())
				}
			}
		}
		c.restart("e", address("b"))
		c.Run(30 * time.Second)
		if got := c.state("e", "d"); got != "unknown" {
			t.Errorf("a new member sees it %s, want unknown", got)
		}
		c.mustCost(3, 4)
	})
	t.Run("it comes back in a new life", func(t *testing.T) {
		c := start(t)
		c.Run(30 * time.Second)
		c.quiet()
		c.restart("d", address("a"))
		c.mustAgree("d", "alive", 5*time.Second)
		if told := c.events(membership.EventAlive, "d"); len(told) != 3 {
			t.Errorf("that it is back is told by %d events, want one of each", len(told))
		}
	})
	t.Run("it may be forgotten, everywhere", func(t *testing.T) {
		c := start(t)
		c.Run(30 * time.Second)
		c.forgetEverywhere("a", "d")
		c.mustAgree("d", "unknown", 5*time.Second)
		c.Run(30 * time.Second)
		c.mustAgree("d", "unknown", 0)
	})
	t.Run("it may be forgotten before it is listed", func(t *testing.T) {
		c := start(t)
		c.Run(time.Second)
		if forgotten, err := c.Forget("a", "d", false); !forgotten || err != nil {
			t.Errorf("to forget it gives %t, %v", forgotten, err)
		}
		c.Run(30 * time.Second)
		if got := c.state("a", "d"); got != "unknown" {
			t.Errorf("it is %s, want forgotten", got)
		}
	})
}

// R10: only those restarted that remember; the member itself has lived on, cut off.
func TestRememberedMemberThatLivesIsAlive(t *testing.T) {
	c := newCluster(t, 11)
	c.forgetCounters()
	c.start("a", "b", "c", "d")
	c.Run(20 * time.Second)
	memory := slices.Collect(c.Member("a").Engine.Memory())
	c.Network.Partition(addresses("a"), addresses("b", "c", "d"))
	c.restart("a")
	c.Remember("a", memory)
	c.Run(30 * time.Second)
	for _, name := range []string{"b", "c", "d"} {
		if got := c.state("a", name); got != "dead" {
			t.Errorf("cut off, a sees %s %s, want dead", name, got)
		}
	}
	c.Crash("d")
	c.Run(30 * time.Second)
	c.Network.Partition()
	c.mustAgree("a", "alive", 30*time.Second)
	c.mustAgree("b", "alive", 5*time.Second)
	c.mustAgree("c", "alive", 5*time.Second)
	c.Run(10 * time.Second)
	c.mustAgree("d", "dead", 0)
	for _, s := range c.events(membership.EventAlive, "d") {
		t.Errorf("the dead is alive to %s: %s", s.observer, s.Reason)
	}
}

// R10.
func TestRetentionOfTheRememberedGoesOn(t *testing.T) {
	c := newCluster(t, 11, forgetful)
	c.restart("a")
	now := c.Clock()
	c.Remember("a", []gossip.Remembered{
		{Name: "over", Address: address("b"), Incarnation: uint64(now.Add(-time.Hour).UnixMilli()), Gone: now.Add(-50 * time.Second)},
		{Name: "some", Address: address("c"), Incarnation: uint64(now.Add(-time.Hour).UnixMilli()), Gone: now.Add(-20 * time.Second)},
		{Name: "full", Address: address("d"), Incarnation: uint64(now.Add(-time.Hour).UnixMilli())},
		{Name: "future", Address: address("e"), Incarnation: uint64(now.Add(years).UnixMilli())},
		{Name: "no name", Address: address("f"), Incarnation: 1},
		{Name: "a", Address: address("a"), Incarnation: 1},
	})
	e := c.Member("a").Engine
	if n := e.Awaited(); n != 3 {
		t.Errorf("%d members are awaited, want those three that were not dead and are somebody else", n)
	}
	for _, x := range []struct {
		after time.Duration
		want  []string
	}{
		{19 * time.Second, []string{"a"}}, {2 * time.Second, []string{"a", "full", "some"}}, {18 * time.Second, []string{"a", "full", "some"}},
		{5 * time.Second, []string{"a", "full"}}, {30 * time.Second, []string{"a", "full"}}, {10 * time.Second, []string{"a"}},
	} {
		c.Run(x.after)
		var names []string
		for _, v := range e.Snapshot(c.Clock()) {
			names = append(names, v.Record.Name)
		}
		if !slices.Equal(names, x.want) {
			t.Errorf("at %s it lists %v, want %v", c.Now(), names, x.want)
		}
	}
}

// R10, R15.
func TestRememberedDeadTakeNoPlaceOfTheLiving(t *testing.T) {
	c := newCluster(t, 11, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 4 })
	c.start("a", "b", "c")
	memory := []gossip.Remembered{}
	for _, name := range []string{"u", "v", "w", "x"} {
		memory = append(memory, gossip.Remembered{Name: name, Address: address(name), Incarnation: 1_700_000_000_000})
	}
	c.Remember("a", memory)
	c.Run(30 * time.Second)
	if n := len(c.Member("a").Engine.Snapshot(c.Clock())); n != 5 {
		t.Errorf("a lists %d, want itself, two that live and two that are remembered", n)
	}
	c.restart("d", address("a"))
	c.restart("e", address("a"))
	c.mustBeWhole(5 * time.Second)
}
