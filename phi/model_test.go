package phi

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// R7.
func TestModelTakes4KilobytesAndAMember16Bytes(t *testing.T) {
	if got := unsafe.Sizeof(MemberStats{}); got > 16 {
		t.Errorf("the statistics of a member take %d bytes, want at most 16", got)
	}
	if got := unsafe.Sizeof(Model{}); got > 4096 {
		t.Errorf("a model takes %d bytes, want at most 4096", got)
	}
}

func TestModelAllocatesNothing(t *testing.T) {
	m, p := known(Measured()), slow()
	if n := testing.AllocsPerRun(2*seldom, func() { m.Add(5); p.Add(9); sink = m.Phi(12, p) + m.Wait(8, p) }); n != 0 {
		t.Errorf("Add, Phi and Wait allocate %v times a call, want none", n)
	}
}

// anyModel draws models of all detectors that have seen waits of many kinds, and the statistics of a member of theirs.
func anyModel(t *rapid.T) (*Model, *MemberStats) {
	m := NewModel(rapid.SampledFrom(detectors).Draw(t, "detector"))
	m.SetPrior(anySummary().Draw(t, "prior"), rapid.IntRange(-1, 1000).Draw(t, "members"))
	var p MemberStats
	for _, wait := range rapid.SliceOf(anyFloat()).Draw(t, "waits") {
		m.Add(wait)
	}
	if rapid.Bool().Draw(t, "many") {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		mean := rapid.Float64Range(0, 20).Draw(t, "mean")
		for range 3000 {
			m.Add(mean + rng.ExpFloat64())
		}
	}
	for _, wait := range rapid.SliceOf(anyFloat()).Draw(t, "waits of the member") {
		p.Add(wait)
	}
	return m, &p
}

// R7.
func TestModelPhiIsFiniteAndNeverFallsWhateverItHasSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, p := anyModel(t)
		last := 0.0
		for _, wait := range []float64{-1, 0, 1e-300, 0.1, 0.5, 1, 2, 3, 5, 8, 13, 50, 1e3, 1e6, 1e12, 1e300, math.MaxFloat64} {
			got := m.Phi(wait, p)
			if !(got >= 0 && got <= math.MaxFloat64) {
				t.Fatalf("phi of wait %v is %v, want a finite number ≥ 0", wait, got)
			}
			if got < last && !near(got, last, 1e-12) {
				t.Fatalf("phi falls from %v to %v at wait %v", last, got, wait)
			}
			last = got
		}
		for _, phi := range []float64{0, 1e-300, 0.3, 1, 8, 12, 1000, 1e300, math.MaxFloat64} {
			if got := m.Wait(phi, p); !(got >= 0 && got <= math.MaxFloat64) {
				t.Fatalf("phi %v is reached at %v, want a finite wait", phi, got)
			}
		}
		if !math.IsInf(m.Phi(math.Inf(1), p), 1) || !math.IsInf(m.Wait(math.Inf(1), p), 1) || !math.IsInf(m.Wait(math.NaN(), p), 1) {
			t.Fatal("what never ends is finite")
		}
	})
}

func TestModelTimeOutIsTheInverseOfItsPhi(t *testing.T) {
	for _, p := range []*MemberStats{{}, slow()} {
		m := known(Measured())
		for phi := 0.05; phi < 30; phi += 0.05 {
			if got := m.Phi(m.Wait(phi, p), p); math.Abs(got-phi) > 1e-6*(1+phi) {
				t.Errorf("a member slower by %v: at the wait of phi %v phi is %v", p.Slower(m), phi, got)
			}
		}
	}
}

// shapes draw waits by other means than the formulas under test, with a tail heavier and lighter than the prior's.
var shapes = map[string]func(*rand.Rand) float64{
	"exponential": func(r *rand.Rand) float64 { return 1 + r.ExpFloat64() },
	"normal":      func(r *rand.Rand) float64 { return 6 + 0.8*r.NormFloat64() },
	"logistic":    func(r *rand.Rand) float64 { return 6 + 0.5*math.Log(r.ExpFloat64()/r.ExpFloat64()) },
	"uniform":     func(r *rand.Rand) float64 { return 1 + 4*r.Float64() },
	"two humps": func(r *rand.Rand) float64 {
		return 2 + 0.3*r.NormFloat64() + 3*float64(r.IntN(3)/2)
	},
}

// R7.
func TestModelPhiMeansTheDefinitionForAnyShape(t *testing.T) {
	for name, draw := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n, seed = 1_000_000, 7
			rng := rand.New(rand.NewPCG(seed, 1))
			m := NewModel(Measured())
			for range 20_000 {
				m.Add(draw(rng))
			}
			var passed [5]float64
			for range n {
				wait := draw(rng)
				phi := m.Phi(wait, &MemberStats{})
				for k := range passed {
					if phi >= float64(k+1) {
						passed[k]++
					}
				}
				m.Add(wait)
			}
			for k := range 4 { // 5 is the simulation's, with more waits
				share, want := passed[k]/n, math.Pow(10, -float64(k+1))
				// A uniform wait has an end, and the higher of two humps is far thinner than the way to it: there phi
				// is too patient, as it may be where gossip is not involved.
				if thin := name == "uniform" || name == "two humps"; share > 3*want || !thin && share < want/3 {
					t.Errorf("phi %d is passed by %.2g of the waits, want %.2g to a factor of 3 (seed %d)", k+1, share, want, seed)
				}
			}
		})
	}
}

// R7.
func TestModelFollowsLongerWaitsWithinTwentyIntervals(t *testing.T) {
	for _, members := range []int{10, 1000} {
		m, rng := NewModel(Measured()), rand.New(rand.NewPCG(1, 1))
		m.SetPrior(Summary{Mean: 2 * math.Log10(float64(members)), StdDev: 1}, members)
		for range 400 * members {
			m.Add(2 + 0.5*rng.ExpFloat64())
		}
		before := m.Wait(8, &MemberStats{})
		for range 20 * members { // some 20 intervals of waits twice as long
			m.Add(2 * (2 + 0.5*rng.ExpFloat64()))
		}
		if after := m.Wait(4, &MemberStats{}); after < 4+0.8*4*math.Ln10*0.9 {
			t.Errorf("%d members: 20 intervals after waits have doubled phi 4 is reached at %.1f (before phi 8 at %.1f), want %.1f",
				members, after, before, 4+4*math.Ln10)
		}
	}
}

func TestMemberStatsAreThoseOfAllUnlessBeyondChance(t *testing.T) {
	m, rng := known(Measured()), rand.New(rand.NewPCG(3, 3))
	slower := 0
	for range 2000 {
		var p MemberStats
		for range 200 {
			p.Add(5.8 + 0.5*math.Log(rng.ExpFloat64()/rng.ExpFloat64()))
		}
		if p.Slower(m) != 0 {
			slower++
		}
	}
	if slower > 2 {
		t.Errorf("%d of 2000 members like all others are taken for slower, want 2 at most (seed 3)", slower)
	}
}

// R7: A member that loses most of its packets: in each interval its news gets out or not.
func TestMemberStatsOfASlowMemberJudgeIt(t *testing.T) {
	m, rng := known(Measured()), rand.New(rand.NewPCG(4, 4))
	const delay = 2.2 // intervals
	draw := func() float64 {
		return 5.8 + 0.5*math.Log(rng.ExpFloat64()/rng.ExpFloat64()) + delay*rng.ExpFloat64()
	}
	const n = 300_000
	var passed [5]float64
	var p MemberStats
	for range 100 {
		p.Add(draw())
	}
	for range n {
		wait := draw()
		phi := m.Phi(wait, &p)
		for k := range passed {
			if phi >= float64(k+1) {
				passed[k]++
			}
		}
		p.Add(wait)
	}
	for k, got := range passed[:4] {
		if share, want := got/n, math.Pow(10, -float64(k+1)); share > 3*want {
			t.Errorf("phi %d is passed by %.2g of a slow member's waits, want %.2g to a factor of 3 (seed 4)", k+1, share, want)
		}
	}
	if bold := m.Phi(m.Wait(8, &p), &MemberStats{}); bold < 12 {
		t.Errorf("at the time-out of a slow member the model of all says only phi %.1f: the test proves nothing", bold)
	}
}

func ExampleDetector() {
	for _, name := range Names() {
		d, _ := ByName(name)
		fmt.Printf("%-11s phi 8 at %.1f\n", d.Name(), known(d).Wait(8, &MemberStats{}))
	}
	// Output:
	// exponential phi 8 at 106.9
	// logistic    phi 8 at 15.0
	// measured    phi 8 at 16.9
	// normal      phi 8 at 10.9
}
