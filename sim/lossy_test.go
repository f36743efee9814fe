package sim_test

import (
	"testing"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// TestMemberThatSuddenlyLosesPacketsDeclaresNobodyDead (R8) cuts off four fifths of what two of 128 members get. Their detectors and
// their idea of how many answers get lost are those of a good network still, so that a few questions seem to prove much. They have
// to ask more of them as long as nobody else doubts whom they doubt.
func TestMemberThatSuddenlyLosesPacketsDeclaresNobodyDead(t *testing.T) {
	t.Parallel()
	large(t)
	for _, seed := range []uint64{2, 24, 41, 65, 82} {
		c, _ := settledCluster(seed, 128, 0, 0)
		c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
			if who := e.Member.Record.Name; e.Type == membership.EventDead && who != sim.Name(4) && who != sim.Name(76) {
				t.Errorf("seed %d: %s declares %s dead at %s: %s", seed, observer, who, at, e.Reason)
			}
		}
		for _, k := range []int{4, 76} {
			c.Network.Lose(sim.Address(k+1), 0.8, 0)
		}
		c.Run(time.Minute)
	}
}
