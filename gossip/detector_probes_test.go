package gossip

import "testing"

// R8: The rarer answers are, the more probes have to get no reply to mean the same.
func TestLossMakesFailedProbesWorthLess(t *testing.T) {
	for _, c := range []struct {
		lost     float64 // share of the probes to the living that get no reply
		least    int     // probes until one in 1000 of the living would have kept silent
		greatest int
	}{
		{0, 3, 3},        // 1.3 decades each: it is never believed that less than a twentieth is lost
		{0.19, 4, 5},     // 10 % loss each way
		{0.51, 10, 12},   // 30 % loss each way
		{0.96, 130, 210}, // 80 % loss each way
		{1, 600, 700},    // an answer is hardly to be expected at all
	} {
		l := priorLoss
		for i := range 1000 {
			if int(float64(i+1)*c.lost) > int(float64(i)*c.lost) {
				l.failed(1)
			} else {
				l.replied()
			}
		}
		if n := l.probes(accusationDecades); n < c.least || n > c.greatest {
			t.Errorf("where %.0f %% get no reply an accusation takes %d probes, want %d to %d", 100*c.lost, n, c.least, c.greatest)
		}
	}
}

// R8.
func TestLossIsTakenForHighBeforeAnythingWasProbed(t *testing.T) {
	if n := priorLoss.probes(accusationDecades); n < 9 {
		t.Errorf("the first accusation takes %d probes, want as many as where half are lost", n)
	}
}
