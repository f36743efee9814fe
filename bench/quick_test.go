package bench

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// The quick part asserts what must hold in every run: safety, and ratios within one run. No wall clock is asserted.

// inTest returns bubbles of virtual time for a test.
func inTest(t *testing.T) Bubble {
	return func(name string, f func()) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(*testing.T) { f() }) })
	}
}

// long skips a test that takes seconds of processor time.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
}

func TestCrashIsKnownSoonerThanToMemberlist(t *testing.T) {
	const members = 32
	detect := func(sys system) float64 {
		var d detection
		inTest(t).cluster(sys, members, 1, func(c *cluster) {
			c.settled(members, lossy{})
			d = c.crashAndWatch(c.pick(members, 3))
		})
		if d.Missed > 0 {
			t.Errorf("%s: %d survivors never learn of a crash", sys, d.Missed)
		}
		return quantile(d.Times, 0.99)
	}
	we, they := detect(heartsayLAN), detect(memberlistLAN)
	if math.IsNaN(we) || we > they/2 {
		t.Errorf("heartsay knows of a crash after %.2f s, memberlist after %.2f s: more than half", we, they)
	}
}

func TestBlockedMembersHarmNobody(t *testing.T) {
	long(t)
	m := runBlock(inTest(t), heartsayLAN, blockCase{Members: 32, Blocked: 4, Block: 16 * time.Second, Open: 64 * time.Millisecond}, 1)
	if m.AtHealthy > 0 || m.DeadAtEnd > 0 {
		t.Errorf("healthy members are declared dead %d times by healthy ones, and %d pairs stay so", m.AtHealthy, m.DeadAtEnd)
	}
}

func TestFrozenMembersHarmNobody(t *testing.T) {
	m := runFreeze(blockCase{Members: 32, Blocked: 4, Block: 16 * time.Second, Open: time.Second}, 1)
	if m.AtHealthy+m.AfterWake+m.DeadAtEnd > 0 {
		t.Errorf("healthy members are declared dead: %+v", m)
	}
}

func TestLossKillsNobody(t *testing.T) {
	if r := runLoss(inTest(t), heartsayLAN, 32, lossy{share: 0.3}, 2*time.Minute, 1); r.FalseDead > 0 {
		t.Errorf("30 %% loss: %d false deaths", r.FalseDead)
	}
}

func TestDeafMembersHarmNobody(t *testing.T) {
	long(t)
	r := runFlipFlop(inTest(t), heartsayLAN, 40, 1)
	if r.AtHealthy+r.WhileBlocked+r.AfterWake+r.DeadAtEnd > 0 {
		t.Errorf("ten of 40 lose all that is sent to them, five times for 20 s, and healthy members are declared dead: %+v", r.mistakes)
	}
}

// TestBootstrapIsSoonerThanMemberlists sums four clusters up: one in a hundred is later than memberlist's.
func TestBootstrapIsSoonerThanMemberlists(t *testing.T) {
	long(t)
	var we, they time.Duration
	for seed := range uint64(4) {
		r := runBootstrap(inTest(t), heartsayLAN, 64, seed)
		if !r.Done || r.FalseDead > 0 {
			t.Errorf("seed %d: all know all: %v, with %d false deaths", seed, r.Done, r.FalseDead)
		}
		we, they = we+r.All, they+runBootstrap(inTest(t), memberlistLAN, 64, seed).All
	}
	if we >= they {
		t.Errorf("in four heartsay clusters all know all after %s together, in four of memberlist after %s", we, they)
	}
}

// TestChitchatsBoundsHold leaves the two clusters of 100 to the scenario of that name.
func TestChitchatsBoundsHold(t *testing.T) {
	long(t)
	for _, c := range chitchatCases {
		if c.Members >= 100 {
			continue
		}
		r := runChitchat(inTest(t), c, 1)
		if r.Missed+r.FalseDead > 0 || r.Bytes >= c.Bytes || c.Death > 0 && r.Death >= c.Death {
			t.Errorf("%d members, want less than %.0f bytes/s, and a death known to all within %s: %+v", c.Members, c.Bytes, c.Death, r)
		}
	}
}

// TestTenMembersAtRest tells what a member of a small cluster sends, beside memberlist's.
func TestTenMembersAtRest(t *testing.T) {
	const most = 600 // bytes a second: half a kilobyte is what docs/measured/costs.md tells
	for _, sys := range []system{heartsayLAN, memberlistLAN} {
		inTest(t).cluster(sys, 10, 1, func(c *cluster) {
			c.settled(10, lossy{})
			sent := c.quiet(quietTime)
			t.Logf("10 members, %s: %.0f B/s each", sys, sent.Bytes)
			if sent.Bytes <= 0 || sys == heartsayLAN && sent.Bytes > most {
				t.Errorf("%s sends %.0f B/s, want at most %d of heartsay", sys, sent.Bytes, most)
			}
		})
	}
}
