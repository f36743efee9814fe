package phi

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// near reports whether got is want to within a share of want, or within the least that a float64 near 0 can bear.
func near(got, want, share float64) bool {
	return math.Abs(got-want) <= share*math.Abs(want) || math.Abs(got-want) < 1e-300
}

// anyFloat draws every kind of float64: ordinary, tiny, huge, negative, infinite and NaN.
func anyFloat() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(0, 50),
		rapid.Map(rapid.Uint64(), math.Float64frombits),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, math.MaxFloat64, -math.MaxFloat64,
			math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN()}),
	)
}

// anySummary draws summaries that make sense and such that do not.
func anySummary() *rapid.Generator[Summary] {
	return rapid.Custom(func(t *rapid.T) Summary {
		return Summary{Mean: anyFloat().Draw(t, "mean"), StdDev: anyFloat().Draw(t, "sd")}
	})
}

// someSummary draws the summaries that waits really have: mean 0.1 to 100 units, sd a twentieth of it to twice it.
func someSummary() *rapid.Generator[Summary] {
	return rapid.Custom(func(t *rapid.T) Summary {
		mean := rapid.Float64Range(0.1, 100).Draw(t, "mean")
		return Summary{Mean: mean, StdDev: mean * rapid.Float64Range(0.05, 2).Draw(t, "sd/mean")}
	})
}

// forEach runs a property of one family for all of them.
func forEach(t *testing.T, property func(*rapid.T, Family)) {
	for _, f := range families {
		t.Run(f.Name(), func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { property(t, f) }) })
	}
}

// R7.
func TestPhiIsFiniteForEveryFiniteSilence(t *testing.T) {
	forEach(t, func(t *rapid.T, f Family) {
		wait, s := anyFloat().Draw(t, "wait"), anySummary().Draw(t, "summary")
		got := f.Phi(wait, s)
		if math.IsInf(wait, 1) {
			if !math.IsInf(got, 1) {
				t.Fatalf("an endless wait has phi %v, want +Inf", got)
			}
			return
		}
		if !(got >= 0 && got <= math.MaxFloat64) {
			t.Fatalf("phi of wait %v with %+v is %v, want a finite number ≥ 0", wait, s, got)
		}
	})
}

// R7.
func TestTimeOutIsFiniteForEveryFinitePhi(t *testing.T) {
	forEach(t, func(t *rapid.T, f Family) {
		phi, s := anyFloat().Draw(t, "phi"), anySummary().Draw(t, "summary")
		got := f.Wait(phi, s)
		if math.IsInf(phi, 1) || math.IsNaN(phi) {
			if !math.IsInf(got, 1) {
				t.Fatalf("phi %v, which no finite wait reaches, is reached at %v, want +Inf", phi, got)
			}
			return
		}
		if !(got >= 0 && got <= math.MaxFloat64) {
			t.Fatalf("phi %v with %+v is reached at %v, want a finite wait ≥ 0", phi, s, got)
		}
	})
}

func TestTimeOutOfTheLargestPhiIsLong(t *testing.T) {
	s := Summary{Mean: 5, StdDev: 1}
	for _, f := range families {
		if got, least := f.Wait(math.MaxFloat64, s), f.Wait(1e300, s); !(got >= least && least > 1e100) {
			t.Errorf("%s: the largest phi is reached at %v, 1e300 at %v, want both above 1e100 and in order",
				f.Name(), got, least)
		}
	}
}

func TestPhiNeverFallsAsTheWaitGrows(t *testing.T) {
	forEach(t, func(t *rapid.T, f Family) {
		s := rapid.OneOf(someSummary(), anySummary()).Draw(t, "summary")
		a, b := anyFloat().Draw(t, "a"), anyFloat().Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		if math.IsNaN(a) || math.IsNaN(b) {
			return
		}
		if pa, pb := f.Phi(a, s), f.Phi(b, s); pa > pb && !near(pa, pb, 1e-13) {
			t.Fatalf("phi falls from %v at wait %v to %v at the longer wait %v", pa, a, pb, b)
		}
	})
}

func TestTimeOutNeverFallsAsPhiGrows(t *testing.T) {
	forEach(t, func(t *rapid.T, f Family) {
		s := rapid.OneOf(someSummary(), anySummary()).Draw(t, "summary")
		a, b := anyFloat().Draw(t, "a"), anyFloat().Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		if math.IsNaN(a) || math.IsNaN(b) {
			return
		}
		wa, wb := f.Wait(a, s), f.Wait(b, s)
		if scale := finite(s.Mean) + finite(s.StdDev); wa > wb && !near(wa, wb, 1e-13) && wa-wb > 1e-13*scale {
			t.Fatalf("phi %v is reached at %v, but the higher %v already at %v", a, wa, b, wb)
		}
	})
}

func TestTimeOutOfAPhiHasThatPhi(t *testing.T) {
	forEach(t, func(t *rapid.T, f Family) {
		s := someSummary().Draw(t, "summary")
		phi := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(0, 16), rapid.Float64Range(0, 1e6)).Draw(t, "phi")
		wait := f.Wait(phi, s)
		if phi <= f.Phi(0, s) {
			if wait > 1e-9*s.Mean {
				t.Fatalf("phi %v is reached at no wait, but Wait says %v", phi, wait)
			}
			return
		}
		if got := f.Phi(wait, s); !near(got, phi, 1e-9) {
			t.Fatalf("at the wait %v that Wait gives for phi %v with %+v, phi is %v", wait, phi, s, got)
		}
	})
}

func TestPhiOfAWaitIsReachedAtThatWait(t *testing.T) {
	forEach(t, func(t *rapid.T, f Family) {
		s := someSummary().Draw(t, "summary")
		wait := s.Mean * rapid.OneOf(rapid.Float64Range(0, 3), rapid.Float64Range(0, 1e4)).Draw(t, "wait/mean")
		// At wait 0 the normal and the logistic inverse divide by a density that is small but not zero: an error
		// of one rounding in phi is one of up to 1e-9 mean here.
		if got := f.Wait(f.Phi(wait, s), s); math.Abs(got-wait) > 1e-9*(wait+s.Mean) {
			t.Fatalf("phi of wait %v with %+v is %v, which Wait says is reached at %v", wait, s, f.Phi(wait, s), got)
		}
	})
}

// The definition: Φ = 2 is passed by one wait in 100. Waits are drawn by other means than the formulas under test.
func TestPhiMeansTheDefinition(t *testing.T) {
	s := Summary{Mean: 10, StdDev: 0.8}
	draw := map[string]func(*rand.Rand) float64{
		"normal":      func(r *rand.Rand) float64 { return s.Mean + s.StdDev*r.NormFloat64() },
		"exponential": func(r *rand.Rand) float64 { return s.Mean * r.ExpFloat64() },
		"logistic": func(r *rand.Rand) float64 { // two Gumbel variables differ by a logistic one
			return s.Mean + s.StdDev*math.Sqrt(3)/math.Pi*math.Log(r.ExpFloat64()/r.ExpFloat64())
		},
	}
	const n, seed = 400_000, 2004
	for _, f := range families {
		rng := rand.New(rand.NewPCG(seed, 1))
		limit := f.Wait(2, s)
		longer := 0
		for range n {
			if draw[f.Name()](rng) > limit {
				longer++
			}
		}
		const want = n / 100.0
		if d := math.Abs(float64(longer) - want); d > 5*math.Sqrt(want) {
			t.Errorf("%s: %d of %d waits are longer than the one of phi 2, want %.0f within five sigma (seed %d)",
				f.Name(), longer, n, want, seed)
		}
	}
}

func TestWaitsThatNeverVaryMakeTheNextLongerOneSuspicious(t *testing.T) {
	for _, f := range []Family{Normal(), Logistic()} {
		for _, mean := range []float64{0, 1, 1000} {
			s := Summary{Mean: mean}
			if got := f.Phi(mean, s); !near(got, math.Log10(2), 1e-12) {
				t.Errorf("%s: with sd 0 the wait of %v that always was has phi %v, want log10 2", f.Name(), mean, got)
			}
			if got := f.Phi(1.01*mean+0.01, s); got < 1000 {
				t.Errorf("%s: with sd 0 a wait 1 %% longer than %v has phi %v, want above 1000", f.Name(), mean, got)
			}
			if got := f.Wait(12, s); got < mean || got > mean+2e-5*(mean+1) {
				t.Errorf("%s: with sd 0 phi 12 is reached at %v, want just above the mean %v", f.Name(), got, mean)
			}
		}
	}
}

func TestWaitThatMakesNoSenseCountsAsNone(t *testing.T) {
	s := Summary{Mean: 2, StdDev: 1}
	for _, f := range families {
		for _, wait := range []float64{-1, math.Inf(-1), math.NaN()} {
			if got, want := f.Phi(wait, s), f.Phi(0, s); got != want {
				t.Errorf("%s: wait %v has phi %v, want that of no wait, %v", f.Name(), wait, got, want)
			}
		}
	}
}

func TestSuspicionAllocatesNothing(t *testing.T) {
	s := Summary{Mean: 5, StdDev: 1}
	for _, f := range families {
		if n := testing.AllocsPerRun(100, func() { sink = f.Phi(9, s) + f.Wait(8, s) }); n != 0 {
			t.Errorf("%s: Phi and Wait allocate %v times a call, want none", f.Name(), n)
		}
	}
}
