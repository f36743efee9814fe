package sim_test

import (
	"fmt"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/sim"
)

// Five members; one crashes, and the others notice. The run is the same each time.
func ExampleCluster() {
	c := sim.New(sim.Config{
		Seed: 1, Interval: 250 * time.Millisecond, Gossip: gossip.DefaultConfig(), Network: sim.Network{Latency: time.Millisecond},
	})
	c.Boot(5, time.Second)
	c.Run(20 * time.Second)

	dead := 0
	c.OnEvent = func(_ time.Duration, _ string, e membership.Event) {
		if e.Type == membership.EventDead {
			dead++
		}
	}
	c.Crash(sim.Name(3))
	c.RunUntil(10*time.Second, 100*time.Millisecond, func() bool { return dead == 4 })
	fmt.Printf("%d members see that %s is dead\n", dead, sim.Name(3))
	// Output:
	// 4 members see that n00003 is dead
}
