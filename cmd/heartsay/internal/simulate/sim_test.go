package simulate

import (
	"testing"

	"heartsay/agent"
	"heartsay/agent/seal"
	"heartsay/sim"
)

func TestTheSimulatedEnvelopeIsAsLongAsTheAgents(t *testing.T) {
	if got := seal.NewEnvelope("heartsay", 1).Overhead(); got != sim.EnvelopeBytes {
		t.Errorf("the agent's envelope has %d bytes, sim counts %d", got, sim.EnvelopeBytes)
	}
}

func TestEveryProfileCanBeSimulated(t *testing.T) {
	for _, name := range agent.Profiles() {
		cfg, err := agent.DefaultConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sim.NewScenario(4, 1, settingsOf(cfg))
		if err == nil {
			_, err = s.Run()
		}
		if err != nil {
			t.Errorf("profile %s: %v", name, err)
		}
	}
}
