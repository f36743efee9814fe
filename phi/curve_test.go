package phi

import (
	"math"
	"math/rand/v2"
	"testing"
)

// bent waits have an exponential tail that bends down late, as it does among many members without loss: beyond the one that
// 1 in 10^bend exceeds, it falls steeper by so much.
const bend, steep = 3.3, 4.0

// bentWait returns the wait that one in 10^phi exceeds; bentPhi is its inverse.
func bentWait(phi float64) float64 { return 5 + min(phi, bend) + max(phi-bend, 0)/steep }

func bentPhi(wait float64) float64 {
	w := wait - 5
	return min(w, bend) + max(w-bend, 0)*steep
}

// R7: Waits of their own show the bend, and the model must not be too patient behind it: fitted to what exceeds maxLevel, it is
// ten times at Φ 5.
func TestCurveShowsWhereTheTailOfIndependentWaitsBends(t *testing.T) {
	const members, runs, looks = 1000, 4, 32
	var passing [5]float64 // the mean share of waits that pass Φ = k+1, in units of 10^−Φ
	for seed := range uint64(runs) {
		m, rng := NewModel(Measured()), rand.New(rand.NewPCG(seed, 1))
		m.SetPrior(Summary{Mean: 5, StdDev: 1}, members)
		waits := func(each int) {
			for range each * members {
				m.Add(bentWait(-math.Log10(1 - rng.Float64())))
			}
		}
		waits(140)
		for range looks {
			waits(2)
			for k := range passing {
				at := float64(k + 1)
				passing[k] += math.Pow(10, at-bentPhi(m.Wait(at, &MemberStats{}))) / (runs * looks)
			}
		}
	}
	for k, got := range passing {
		if got > 3 || got < 1./3 {
			t.Errorf("phi %d is passed by %.3f times 10^-%d of the waits, want it to a factor of 3", k+1, got, k+1)
		}
	}
}

func TestCurveIsReadOffFurtherOnlyByIndependentWaits(t *testing.T) {
	for _, c := range []struct{ waits, want float64 }{
		{1, minLevel}, {400, 2}, {8000, maxLevel}, {21_000, maxLevel}, {32_000, math.Log10(2000)}, {100_000, farLevel},
	} {
		if got := level(c.waits); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("by %g waits of their own the curve is read off up to %.3f, want %.3f", c.waits, got, c.want)
		}
	}
}
