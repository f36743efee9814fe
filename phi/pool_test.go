package phi

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPoolHoldsAllWaitsWhileFew(t *testing.T) {
	var p Pool
	for _, wait := range []float64{2, 4, 4, 4, 5, 5, 7, 9} {
		p.Add(wait)
	}
	if got, want := p.Moments(), (Moments{8, 40, 232}); got != want {
		t.Errorf("the moments are %+v, want %+v", got, want)
	}
}

func TestPoolFollowsAChange(t *testing.T) {
	var p Pool
	for range 1_000_000 {
		p.Add(5)
	}
	for i := range 20_000 { // five times the pool's memory
		p.Add(8 + float64(i%2)*2)
	}
	s := p.Moments().Summary()
	if math.Abs(s.Mean-9) > 0.1 || math.Abs(s.StdDev-1) > 0.1 {
		t.Errorf("20,000 waits of 8 and 10 after a million of 5 have %+v, want about mean 9 and deviation 1", s)
	}
}

func TestPoolNeverForgetsAllAtOnce(t *testing.T) {
	var p Pool
	for i := range 50_000 {
		p.Add(1)
		if n := p.Moments().N; i >= poolSize && (n < poolSize/2 || n >= poolSize) {
			t.Fatalf("after %d waits the pool holds a weight of %v, want %d to %d", i+1, n, poolSize/2, poolSize-1)
		}
	}
	if got, want := p.Moments().Summary(), (Summary{Mean: 1}); got != want {
		t.Errorf("50,000 waits of 1 have %+v, want %+v", got, want)
	}
}

func TestPoolIsFiniteWhateverComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Pool
		for _, wait := range rapid.SliceOf(anyFloat()).Draw(t, "waits") {
			p.Add(wait)
		}
		m := p.Moments()
		for _, x := range []float64{m.N, m.Sum, m.SumSq} {
			if !(x >= 0 && x <= math.MaxFloat64) {
				t.Fatalf("the moments are %+v, want finite numbers ≥ 0", m)
			}
		}
		if s := m.Summary(); s.Mean > maxWait {
			t.Fatalf("the mean is %v, want at most %v", s.Mean, maxWait)
		}
	})
}

func TestPoolAllocatesNothing(t *testing.T) {
	var p Pool
	if n := testing.AllocsPerRun(2*poolSize, func() { p.Add(1.5); sink = p.Moments().Sum }); n != 0 {
		t.Errorf("Add and Moments allocate %v times a call, want none", n)
	}
}
