package gossip_test

import (
	"testing"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// newest returns when the last of n events came.
func newest(t *testing.T, events []sighting, n int, what string) time.Duration {
	t.Helper()
	if len(events) != n {
		t.Fatalf("%s: %d members saw it, want %d", what, len(events), n)
	}
	return events[n-1].at
}

// R12.
func TestJoinIsKnownToAllWithinAFewRounds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		c := newCluster(t, seed)
		c.boot(100)
		began := c.Now()
		if err := c.Start("new", sim.Address(500), sim.Address(1+int(seed))); err != nil {
			t.Fatal(err)
		}
		c.Run(5 * time.Second)
		took := newest(t, c.events(membership.EventJoin, "new"), 100, "a join") - began
		if took > 4*interval {
			t.Errorf("100 members know of a newcomer after %s, want at most 4 intervals", took)
		}
		known := len(c.Member("new").Engine.Snapshot(c.Clock()))
		if known != 101 {
			t.Errorf("the newcomer knows of %d members, want 101", known)
		}
		t.Logf("seed %d: a join is known to 100 after %s", seed, took)
	}
}

// R12.
func TestNewsOfAChangeTravelsAtOnce(t *testing.T) {
	t.Parallel()
	var worst time.Duration
	for seed := range uint64(2) {
		c := newCluster(t, seed)
		c.boot(100)
		began := c.Now()
		if err := c.SetTags(sim.Name(42), membership.Tags{{Key: "k", Value: "v"}}); err != nil {
			t.Fatal(err)
		}
		c.Run(5 * time.Second)
		worst = max(worst, newest(t, c.events(membership.EventUpdate, sim.Name(42)), 100, "a change")-began)
	}
	t.Logf("a change is known to 100 after %s at worst", worst)
	if worst > 2*interval {
		t.Errorf("100 members know of new tags after %s, want well below the 7 intervals that gossip takes from round to round", worst)
	}
}

// R12.
func TestNewsIsSentOncePerChange(t *testing.T) {
	c := newCluster(t, 12)
	c.boot(20)
	if err := c.SetTags(sim.Name(4), membership.Tags{{Key: "k", Value: "v"}}); err != nil {
		t.Fatal(err)
	}
	c.Run(10 * time.Second)
	newest(t, c.events(membership.EventUpdate, sim.Name(4)), 20, "a change, once each")
}

// R12.
func TestJoinOfManyEndsWithOneView(t *testing.T) {
	c := newCluster(t, 12)
	c.Boot(100, 50*time.Millisecond)
	c.Run(2 * interval)
	took := c.mustBeWhole(10 * time.Second)
	t.Logf("100 members that start within 50 ms know each other %s later", took+2*interval)
}
