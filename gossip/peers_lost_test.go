package gossip_test

import (
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// split cuts a cluster that sim.Boot started, between the first k members and the others.
func split(c *cluster, k int) {
	var first, others []netip.AddrPort
	for i, m := range c.Members() {
		if i < k {
			first = append(first, m.Address)
		} else {
			others = append(others, m.Address)
		}
	}
	c.Network.Partition(first, others)
}

// R11.
func TestPartitionHealsByItself(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		what   string
		n, one int // members, and how many are on one side
		lasts  time.Duration
	}{
		{"half and half, for 10 s", 20, 10, 10 * time.Second},
		{"half and half, for 5 min", 20, 10, 5 * time.Minute},
		{"one isolated, for 5 min", 20, 1, 5 * time.Minute},
		{"one of two, for 5 min", 2, 1, 5 * time.Minute},
	} {
		c := newCluster(t, 11)
		c.boot(x.n)
		split(c, x.one)
		c.Run(x.lasts)
		for i, m := range c.Running() {
			want := "dead"
			if i < x.one {
				want = "alive"
			}
			if got := c.state(m.Name, sim.Name(0)); x.lasts > time.Minute && got != want {
				t.Fatalf("%s: %s sees the first %s, want %s", x.what, m.Name, got, want)
			}
		}
		c.Network.Heal()
		took := c.mustBeWhole(15 * time.Second)
		t.Logf("%s: whole %s after the links were", x.what, took)
	}
}

// R11: Pruning the dead must not stop partitions from healing (KurrentDB#3116).
func TestPartitionHealsThoughEachSideForgotTheOther(t *testing.T) {
	c := newCluster(t, 11, forgetful)
	c.boot(10)
	split(c, 5)
	c.Run(3 * time.Minute)
	if got := c.state(sim.Name(0), sim.Name(9)); got != "unknown" {
		t.Fatalf("after 3 minutes the other side is %s: the test is void", got)
	}
	c.Network.Heal()
	took := c.mustBeWhole(30 * time.Second)
	t.Logf("whole %s after the links were", took)
}

// R11.
func TestRestartOfAllHealsFromOneSeed(t *testing.T) {
	c := newCluster(t, 11)
	c.start("a", "b", "c", "d", "e")
	c.Run(20 * time.Second)
	for _, m := range c.Running() {
		c.Crash(m.Name)
	}
	c.Run(time.Hour)
	c.start("a", "b", "c", "d", "e")
	c.mustBeWhole(2 * time.Second)
}

// R11.
func TestSurvivorFindsThoseWhoComeBackWithoutAnySeed(t *testing.T) {
	c := newCluster(t, 11)
	c.start("a", "b", "c", "d")
	c.Run(20 * time.Second)
	for _, name := range []string{"b", "c", "d"} {
		c.Crash(name)
	}
	c.Run(2 * time.Minute)
	for _, name := range []string{"b", "c", "d"} {
		c.restart(name)
	}
	c.mustBeWhole(10 * time.Second)
}

// R11.
func TestLostAreTriedAboutOncePerIntervalByTheWholeCluster(t *testing.T) {
	c := newCluster(t, 11)
	c.boot(20)
	c.Crash(sim.Name(5))
	c.Run(2 * time.Minute)
	tries := 0
	c.OnMessage = func(_ time.Duration, _, to netip.AddrPort, _ wire.Message, _ bool) {
		if to == c.Member(sim.Name(5)).Address {
			tries++
		}
	}
	const rounds = 400
	c.Run(rounds * interval)
	if tries < rounds/2 || tries > rounds*2 {
		t.Errorf("in %d intervals one of the dead is tried %d times, want about once per interval", rounds, tries)
	}
}

// R11.
func TestOneWayLinkIsRelayedAroundAndKillsNobody(t *testing.T) {
	c := newCluster(t, 11)
	c.start("a", "b", "c", "d")
	c.Run(20 * time.Second)
	c.quiet()
	c.Network.Sever(address("a"), address("b"))
	cut := c.Clock()
	c.Run(time.Minute)
	c.mustAccuseNobody()
	v, _ := c.view("b", "a")
	if v.State != membership.Alive || v.Direct.After(cut.Add(time.Second)) {
		t.Errorf("b sees a %s, heard of directly at %s: want it alive through others, and the last direct word to tell of the cut at %s",
			v.State, v.Direct, cut)
	}
}
