package sim

import (
	"fmt"
	"time"

	"heartsay/gossip"
	"heartsay/phi"
)

// Settings is how members are configured, as an operator does it.
type Settings struct {
	Interval      time.Duration // between two heartbeats
	Fanout        int           // peers that a round exchanges with, ≥ 1
	Budget        int           // bytes of heartbeats that a digest tells at most; 0: by the size of the list
	Detector      string        // see [phi.ByName]
	MaxPacket     int           // bytes of one packet with the envelope, without IP and UDP
	Suspect, Dead Threshold
}

// Threshold is where suspicion turns into a verdict: at Phi, but at no shorter a silence than Min and no longer a one
// than Max.
type Threshold struct {
	Phi      float64
	Min, Max time.Duration
}

// NewScenario returns a scenario of that many members without faults on a perfect network, to be completed and run.
// The error says what is wrong with the settings.
func NewScenario(members int, seed uint64, s Settings) (Scenario, error) {
	detector, err := phi.ByName(s.Detector)
	if err != nil {
		return Scenario{}, err
	}
	g := gossip.DefaultConfig()
	g.Fanout, g.Budget, g.Detector, g.MaxPayload = s.Fanout, s.Budget, detector, s.MaxPacket-EnvelopeBytes
	g.Suspect, g.Dead = gossip.Threshold(s.Suspect), gossip.Threshold(s.Dead)
	g.MaxMembers = max(g.MaxMembers, members)
	if err := g.Validate(); err != nil {
		return Scenario{}, fmt.Errorf("configure members: %w", err)
	}
	return Scenario{Members: members, Seed: seed, Interval: s.Interval, Gossip: g}, nil
}
