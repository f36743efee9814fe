package phi

import (
	"math/rand/v2"
	"testing"
)

// lonely adds blocks of 1000 waits of which one is long on average, each independent, to a model of 1000 members.
func lonely(m *Model, rng *rand.Rand, blocks int) {
	for range blocks * 1000 {
		m.Add(5 + rng.ExpFloat64())
	}
}

// R7: What a young observer takes for bursts must not keep it patient for ever: the prior is far too short here, so that nearly
// all waits of the first blocks are long.
func TestBurstinessOfAYoungObserverIsForgotten(t *testing.T) {
	m, rng := NewModel(Measured()), rand.New(rand.NewPCG(1, 1))
	m.SetPrior(Summary{Mean: 1, StdDev: 0.1}, 1000)
	lonely(m, rng, 20)
	young := m.burstiness.independence()
	if young > 0.3 {
		t.Fatalf("a young observer takes the waits for %.2f independent: it sees no bursts, and this test proves nothing", young)
	}
	lonely(m, rng, 120)
	if got := m.burstiness.independence(); got < 0.7 {
		t.Errorf("waits of which each is independent count as %.2f, want about 1; %.2f at the start", got, young)
	}
}

// R7: The waits of 1000 members become shorter by a tenth, as they do at fanout 1 after 430 intervals. Nothing tells that to the
// model but the fading of what it knew.
func TestModelLearnsShorterWaitsWithin128OfEachMember(t *testing.T) {
	m, rng := NewModel(Measured()), rand.New(rand.NewPCG(1, 1))
	m.SetPrior(Summary{Mean: 10, StdDev: 1}, 1000)
	waits := func(mean float64, each int) {
		for range each * 1000 {
			m.Add(mean + rng.NormFloat64())
		}
	}
	waits(10, 65) // as many as it holds before it forgets, nearly
	waits(9, 128)
	if got := m.Summary().Mean; got > 9.1 {
		t.Errorf("waits of mean 9 are taken for %.2f, as they were 10 before; want 9.1 at most", got)
	}
}
