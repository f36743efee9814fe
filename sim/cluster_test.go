package sim_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

const interval = 250 * time.Millisecond

// newCluster returns a cluster of n members at profile lan, named as sim.Name does, that start within an interval.
func newCluster(seed uint64, n int, network sim.Network) *sim.Cluster {
	c := sim.New(sim.Config{Seed: seed, Interval: interval, Gossip: gossip.DefaultConfig(), Network: network})
	c.Boot(n, interval)
	return c
}

// lan is a network whose links take 1 to 2 ms and lose a share of the packets.
func lan(loss float64) sim.Network {
	return sim.Network{Latency: time.Millisecond, Jitter: time.Millisecond, Loss: loss}
}

// stateOf returns the word for how one member sees another.
func stateOf(c *sim.Cluster, observer, of string) string {
	for _, v := range c.Member(observer).Engine.Snapshot(c.Clock()) {
		if v.Record.Name == of {
			return v.State.String()
		}
	}
	return "unknown"
}

func TestClusterRunsTheSameForOneSeed(t *testing.T) {
	run := func(seed uint64) string {
		var log strings.Builder
		c := newCluster(seed, 8, lan(0.1))
		c.OnMessage = func(at time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool) {
			fmt.Fprintln(&log, at, from, to, fmt.Sprintf("%T", m), arrives)
		}
		c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
			fmt.Fprintln(&log, at, observer, e.Type, e.Member.Record.Name, e.Member.Heartbeat)
		}
		c.Run(5 * time.Second)
		c.Crash(sim.Name(2))
		c.Freeze(sim.Name(3))
		c.Block(sim.Name(4))
		c.Run(5 * time.Second)
		c.Thaw(sim.Name(3))
		c.Unblock(sim.Name(4))
		c.Run(5 * time.Second)
		return log.String()
	}
	first, again := run(1), run(1)
	if first != again {
		t.Error("two runs of one seed differ")
	}
	if first == run(2) {
		t.Error("two seeds give the same run")
	}
}

// traffic counts the packets of a run, by whether they arrive, and the longest they take.
func traffic(c *sim.Cluster, d time.Duration, between ...string) (arrived, lost int) {
	want := map[netip.AddrPort]bool{}
	for _, name := range between {
		want[c.Member(name).Address] = true
	}
	c.OnMessage = func(_ time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool) {
		_, stream := m.(*wire.Sync)
		switch {
		case stream, len(between) > 0 && (!want[from] || !want[to]):
		case arrives:
			arrived++
		default:
			lost++
		}
	}
	c.Run(d)
	c.OnMessage = nil
	return arrived, lost
}

func TestNetworkLosesTheShareAskedFor(t *testing.T) {
	for _, loss := range []float64{0, 0.3, 1} {
		c := newCluster(1, 20, lan(0))
		c.Run(5 * time.Second)
		c.Network.Loss = loss
		arrived, lost := traffic(c, 10*time.Second)
		if got := float64(lost) / float64(arrived+lost); got < loss-0.05 || got > loss+0.05 {
			t.Errorf("at a loss of %g, %d of %d packets are lost", loss, lost, arrived+lost)
		}
	}
}

func TestNetworkDelaysByItsLatency(t *testing.T) {
	c := sim.New(sim.Config{Seed: 1, Interval: interval, Gossip: gossip.DefaultConfig(), Network: sim.Network{Latency: 40 * time.Millisecond}})
	c.Boot(1, 0)
	c.Run(time.Second)
	joined := time.Duration(0)
	c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
		if observer == "new" && e.Type == membership.EventJoin {
			joined = at
		}
	}
	if err := c.Start("new", sim.Address(9), sim.Address(1)); err != nil {
		t.Fatal(err)
	}
	c.Run(time.Second)
	if want := time.Second + 80*time.Millisecond; joined != want {
		t.Errorf("the answer to a join comes at %s, want %s: the way there and back", joined, want)
	}
}

func TestNetworkPartitionCutsBothWaysAndSeverOne(t *testing.T) {
	a, b, other := sim.Name(0), sim.Name(1), sim.Name(2)
	for _, x := range []struct {
		what       string
		cut        func(n *sim.Network, a, b netip.AddrPort)
		ab, ba, to bool // whether packets of a reach b, of b reach a, of a reach the other
	}{
		{"nothing", func(*sim.Network, netip.AddrPort, netip.AddrPort) {}, true, true, true},
		{"a partition", func(n *sim.Network, a, b netip.AddrPort) { n.Partition([]netip.AddrPort{a}, []netip.AddrPort{b}) }, false, false, true},
		{"a severed link", func(n *sim.Network, a, b netip.AddrPort) { n.Sever(a, b) }, false, true, true},
		{"a cut function", func(n *sim.Network, a, b netip.AddrPort) {
			n.Cut = func(from, _ netip.AddrPort) bool { return from == a }
		}, false, true, false},
	} {
		c := newCluster(1, 3, lan(0))
		c.Run(5 * time.Second)
		at := func(name string) netip.AddrPort { return c.Member(name).Address }
		x.cut(c.Network, at(a), at(b))
		reached := map[[2]netip.AddrPort]bool{}
		c.OnMessage = func(_ time.Duration, from, to netip.AddrPort, _ wire.Message, arrives bool) {
			reached[[2]netip.AddrPort{from, to}] = reached[[2]netip.AddrPort{from, to}] || arrives
		}
		c.Run(5 * time.Second)
		for _, w := range []struct {
			from, to string
			want     bool
		}{{a, b, x.ab}, {b, a, x.ba}, {a, other, x.to}} {
			if got := reached[[2]netip.AddrPort{at(w.from), at(w.to)}]; got != w.want {
				t.Errorf("%s: something of %s reaches %s: %v, want %v", x.what, w.from, w.to, got, w.want)
			}
		}
	}
}

func TestNetworkLoseNextLosesSoManyPacketsOfOneLink(t *testing.T) {
	c := newCluster(1, 2, lan(0))
	c.Run(5 * time.Second)
	c.Network.LoseNext(sim.Address(1), sim.Address(2), 3)
	if _, lost := traffic(c, 10*time.Second); lost != 3 {
		t.Errorf("%d packets are lost, want 3", lost)
	}
}

// sentBy counts the messages that a member sends from now on.
func sentBy(c *sim.Cluster, name string) *int {
	sent := new(int)
	c.OnMessage = func(_ time.Duration, from, _ netip.AddrPort, _ wire.Message, _ bool) {
		if from == c.Member(name).Address {
			*sent++
		}
	}
	return sent
}

func TestMemberFrozenDoesNothingAndThenAllAtOnce(t *testing.T) {
	c := newCluster(1, 3, lan(0))
	c.Run(5 * time.Second)
	name := sim.Name(1)
	c.Freeze(name)
	sent := sentBy(c, name)
	before := c.Member(name).Engine.Self().Heartbeat
	c.Run(10 * time.Second)
	if now := c.Member(name).Engine.Self().Heartbeat; *sent != 0 || now != before {
		t.Errorf("while frozen it sends %d messages, and its heartbeat goes from %d to %d: want nothing to happen", *sent, before, now)
	}
	c.Thaw(name)
	if now := c.Member(name).Engine.Self().Heartbeat; *sent == 0 || now < before+39 {
		t.Errorf("when it thaws it sends %d messages, and its heartbeat goes from %d to %d: want what waited to be done", *sent, before, now)
	}
}

func TestMemberBlockedTicksButNeitherSendsNorReceives(t *testing.T) {
	c := newCluster(1, 3, lan(0))
	c.Run(5 * time.Second)
	name := sim.Name(1)
	c.Block(name)
	sent := sentBy(c, name)
	before := c.Member(name).Engine.Self().Heartbeat
	c.Run(10 * time.Second)
	if now := c.Member(name).Engine.Self().Heartbeat; *sent != 0 || now != before+40 {
		t.Errorf("while blocked it sends %d messages, and its heartbeat goes from %d to %d: want none, and 40 more", *sent, before, now)
	}
	if got := stateOf(c, name, sim.Name(0)); got != "suspect" {
		t.Errorf("after 10 s in which it hears nothing the others are %s to it, want suspect", got)
	}
	c.Unblock(name)
	if *sent == 0 {
		t.Error("what was held is not sent when it is unblocked")
	}
}

func TestMemberRestartsInANewLife(t *testing.T) {
	c := newCluster(1, 3, lan(0))
	c.Run(5 * time.Second)
	m := c.Member(sim.Name(1))
	first := m.Engine.Self().Record.Incarnation
	c.Crash(m.Name)
	if m.Engine != nil || len(c.Running()) != 2 || len(c.Members()) != 3 {
		t.Errorf("after a crash %d of %d run, want 2 of 3", len(c.Running()), len(c.Members()))
	}
	for range 3 { // at one instant
		if err := c.Start(m.Name, m.Address, sim.Address(1)); err != nil {
			t.Fatal(err)
		}
		next := c.Member(m.Name).Engine.Self().Record.Incarnation
		if next <= first {
			t.Errorf("a restart has incarnation %d, want more than %d", next, first)
		}
		first = next
	}
	c.Run(10 * time.Second)
	if got := m.Engine.Self().Heartbeat; got != 41 {
		t.Errorf("10 s after its restart the heartbeat is %d, want 41: it must be ticked as before", got)
	}
	if err := c.Start("..", sim.Address(50)); err == nil {
		t.Error("a member starts under a name that is none")
	}
}

func TestRunUntilStopsWhenDoneOrWhenTimeIsOver(t *testing.T) {
	c := newCluster(1, 2, lan(0))
	if !c.RunUntil(time.Minute, interval, func() bool { return c.Now() >= time.Second }) || c.Now() != time.Second {
		t.Errorf("it stops at %s, want 1s", c.Now())
	}
	if c.RunUntil(time.Second, 300*time.Millisecond, func() bool { return false }) || c.Now() != 2*time.Second {
		t.Errorf("it gives up at %s, want 2s", c.Now())
	}
}
