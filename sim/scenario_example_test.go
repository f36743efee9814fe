package sim_test

import (
	"fmt"
	"time"

	"heartsay/sim"
)

// Twenty members, of which two crash while a fifth of all packets is lost.
func ExampleScenario() {
	s, err := sim.NewScenario(20, 1, sim.Settings{
		Interval: 250 * time.Millisecond, Fanout: 1, Detector: "measured", MaxPacket: 1400,
		Suspect: sim.Threshold{Phi: 8, Min: 1500 * time.Millisecond, Max: 10 * time.Second},
		Dead:    sim.Threshold{Phi: 12, Min: 2500 * time.Millisecond, Max: 20 * time.Second},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Network = sim.Network{Latency: time.Millisecond, Loss: 0.2}
	s.Faults = []sim.Fault{{Kind: sim.Crash, At: time.Second, Members: []int{3, 4}}}
	s.For = 20 * time.Second
	report, err := s.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("observers that did not find out:", report.Detection.Missed)
	fmt.Println("healthy members declared dead:", report.FalseDead)
	// Output:
	// observers that did not find out: 0
	// healthy members declared dead: 0
}
