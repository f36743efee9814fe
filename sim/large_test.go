package sim_test

import (
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// settledCluster returns members at profile lan's interval that have known each other for a minute, and what they have
// raised since: a map that may be cleared.
func settledCluster(seed uint64, members, budget int, loss float64) (*sim.Cluster, map[membership.EventType]int) {
	g := gossip.DefaultConfig()
	g.Budget = budget
	c := sim.New(sim.Config{Seed: seed, Interval: 500 * time.Millisecond, Gossip: g, Network: lan(loss)})
	raised := map[membership.EventType]int{}
	c.OnEvent = func(_ time.Duration, _ string, e membership.Event) { raised[e.Type]++ }
	c.BootSettled(members, 500*time.Millisecond, func([]membership.Entry) {})
	c.Run(time.Minute)
	return c, raised
}

// large skips a test that simulates hundreds of members for seconds in one goroutine, where there is nothing to race.
func large(t *testing.T) {
	t.Helper()
	if raced {
		t.Skip("takes minutes with the race detector, in one goroutine")
	}
	if testing.Short() {
		t.Skip("simulates hundreds of members")
	}
}

// TestShortStallIsNoDeathHoweverOldNewsIs (R8) holds the least silence to what it says. In a large cluster the news of a member
// is older than that at any time, and only the questions tell since when it does not answer.
func TestShortStallIsNoDeathHoweverOldNewsIs(t *testing.T) {
	t.Parallel()
	large(t)
	const seed = 1
	c, raised := settledCluster(seed, 400, 64, 0)
	for _, stall := range []time.Duration{500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 1750 * time.Millisecond} {
		for k := range 10 {
			c.Freeze(sim.Name(k))
		}
		c.Run(stall)
		for k := range 10 {
			c.Thaw(sim.Name(k))
		}
		c.Run(10 * time.Second)
		if raised[membership.EventDead] > 0 {
			t.Errorf("seed %d: ten of 400 stall for %s, and are declared dead %d times", seed, stall, raised[membership.EventDead])
		}
	}
	c.Crash(sim.Name(0))
	clear(raised)
	c.Run(5 * time.Second)
	if raised[membership.EventDead] != 399 {
		t.Errorf("seed %d: of 399, %d know of a crash after 5 s", seed, raised[membership.EventDead])
	}
}

// TestOldNewsIsNoReasonToProbeEverybody (R8) holds that a small budget of digests costs what it says. Who is silent since its
// news is old is left alone.
func TestOldNewsIsNoReasonToProbeEverybody(t *testing.T) {
	t.Parallel()
	large(t)
	for _, loss := range []float64{0, 0.3} {
		const seed, members = 1, 500 // in 64 bytes they take as many turns as 2000 in 256
		c, raised := settledCluster(seed, members, 64, loss)
		questions := 0
		c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) {
			if _, asks := m.(*wire.Ping); asks {
				questions++
			}
		}
		clear(raised)
		c.Run(time.Minute)
		each := float64(questions) / members / 60
		t.Logf("loss %g: each member puts %.2f questions a second", loss, each)
		usual := 0.1 + 8*loss // two exchanges a second, half of which stay unanswered, and up to ten questions each
		if each > usual {
			t.Errorf("seed %d, loss %g: each member puts %.1f questions a second, want %.1f at most", seed, loss, each, usual)
		}
		if n := raised[membership.EventSuspect]; n > 1 {
			t.Errorf("seed %d, loss %g: living members are suspected %d times in a minute", seed, loss, n)
		}
		if n := raised[membership.EventDead]; n > 0 {
			t.Errorf("seed %d, loss %g: living members are declared dead %d times in a minute", seed, loss, n)
		}
	}
}

// TestNewsIsOfAKnownAgeHoweverOldTheClusterIs (R7) holds detection to its pace after many batches of arrivals. What was relayed is
// some intervals old at best, and only a heartbeat that came from its owner tells when it was bumped. A member that takes news for
// younger than it is knows of a crash late, and takes members for probed early that were not.
func TestNewsIsOfAKnownAgeHoweverOldTheClusterIs(t *testing.T) {
	t.Parallel()
	large(t)
	const seed, members, crashed, pairs = 1, 300, 10, 10 * (300 - 10) // in 64 bytes they take as many turns as 600 in 128
	c, raised := settledCluster(seed, members, 64, 0)
	c.Run(5 * time.Minute)
	for k := range crashed {
		c.Crash(sim.Name(k))
	}
	c.Run(1500 * time.Millisecond)
	if early := raised[membership.EventDead]; early > 0 {
		t.Errorf("seed %d: %d of %d verdicts on a crash are passed within 1.5 s", seed, early, pairs)
	}
	c.Run(2 * time.Second)
	if known := raised[membership.EventDead]; known < pairs*98/100 {
		t.Errorf("seed %d: after 3.5 s, %d of %d verdicts on a crash are passed", seed, known, pairs)
	}
}
