package gossip_test

import (
	"testing"

	"heartsay/gossip"
	"heartsay/membership"
)

// R9.
func TestOverloadedMemberAccusesNobodyUntilAWholeTimeoutLater(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	follow(a, 200)
	for range 100 { // much longer than any time-out
		if out := a.run(interval); len(out.Events) > 0 {
			t.Fatalf("while a is behind it says %v of z", out.Events)
		}
		a.Overloaded(a.now)
	}
	if z := judged(t, a, membership.EventDead); z.Silence < z.DeadAfter || z.Silence > z.DeadAfter+interval {
		t.Errorf("when a has caught up z is dead after %s, want a whole time-out of %s", z.Silence, z.DeadAfter)
	}
}
