package sim_test

import (
	"testing"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// The figures that profile lan promises: interval 250 ms, one peer a round, gossip.DefaultConfig, 20 members.
const members = 20

// seenBy counts who sees an event of a type about a member, and notes when the last one did.
func seenBy(c *sim.Cluster, t membership.EventType, name string) (seen *int, last *time.Duration) {
	seen, last = new(int), new(time.Duration)
	c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
		if e.Type == t && e.Member.Record.Name == name && observer != name {
			*seen++
			*last = at
		}
	}
	return seen, last
}

func TestCrashIsKnownToAllWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	var worst, sum time.Duration
	const seeds = 20
	for seed := range uint64(seeds) {
		c := newCluster(seed, members, lan(0))
		c.Run(30 * time.Second)
		seen, last := seenBy(c, membership.EventDead, sim.Name(7))
		crash := c.Now()
		c.Crash(sim.Name(7))
		c.Run(10 * time.Second)
		took := *last - crash
		if *seen != members-1 || took > 5*time.Second {
			t.Errorf("seed %d: a crash is known to %d of %d, to the last after %s; want all within 5 s", seed, *seen, members-1, took)
		}
		worst, sum = max(worst, took), sum+took
	}
	t.Logf("a crash is known to the last survivor after %s, at worst %s", (sum / seeds).Round(time.Millisecond), worst.Round(time.Millisecond))
}

func TestQuietClusterSuspectsNobodyInTenMinutes(t *testing.T) {
	t.Parallel()
	mustBeQuiet(t, 0, 2, 10*time.Minute, membership.EventSuspect)
}

func TestLossyClusterDeclaresNobodyDeadInFiveMinutes(t *testing.T) {
	t.Parallel()
	mustBeQuiet(t, 0.3, 3, 5*time.Minute, membership.EventDead)
}

// mustBeQuiet fails when somebody is accused though all live.
func mustBeQuiet(t *testing.T, loss float64, seeds uint64, d time.Duration, worst membership.EventType) {
	t.Helper()
	suspected := 0
	for seed := range seeds {
		c := newCluster(seed, members, lan(loss))
		c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
			if e.Type == membership.EventSuspect {
				suspected++
			}
			if e.Type == worst {
				t.Errorf("seed %d, %s: %s takes %s for %s (%s), but it lives", seed, at, observer, e.Member.Record.Name, e.Type, e.Reason)
			}
		}
		c.Run(d)
	}
	t.Logf("%d suspicions in %d times %s at loss %g", suspected, seeds, d, loss)
}

func TestJoinsAndLeavesAreKnownToAllWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	for _, loss := range []float64{0, 0.3} {
		var joined, left time.Duration
		for seed := range uint64(5) {
			c := newCluster(seed, members, lan(loss))
			c.Run(10 * time.Second)
			began := c.Now()
			seen, last := seenBy(c, membership.EventJoin, "new")
			if err := c.Start("new", sim.Address(99), sim.Address(1)); err != nil {
				t.Fatal(err)
			}
			c.Run(5 * time.Second)
			if took := *last - began; *seen != members || took > 2*time.Second {
				t.Errorf("loss %g, seed %d: a join is known to %d of %d, to the last after %s; want all within 2 s", loss, seed, *seen, members, took)
			}
			joined = max(joined, *last-began)

			began = c.Now()
			seen, last = seenBy(c, membership.EventLeft, "new")
			c.Leave("new")
			c.Run(5 * time.Second)
			if took := *last - began; *seen != members || took > 2*time.Second {
				t.Errorf("loss %g, seed %d: a goodbye is known to %d of %d, to the last after %s; want all within 2 s", loss, seed, *seen, members, took)
			}
			left = max(left, *last-began)
		}
		t.Logf("loss %g: a join is known to all after %s at worst, a goodbye after %s", loss, joined, left)
	}
}
