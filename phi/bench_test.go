package phi

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sink keeps the compiler from dropping what a benchmark computes.
var sink float64

func BenchmarkPhi(b *testing.B) {
	s := Summary{Mean: 5.81, StdDev: 0.91}
	for _, f := range families {
		b.Run(f.Name(), func(b *testing.B) {
			b.ReportAllocs()
			wait := 0.0
			for b.Loop() {
				wait += 0.37
				if wait > 20 {
					wait = 0
				}
				sink = f.Phi(wait, s)
			}
		})
	}
}

func BenchmarkWait(b *testing.B) {
	s := Summary{Mean: 5.81, StdDev: 0.91}
	for _, f := range families {
		b.Run(f.Name(), func(b *testing.B) {
			b.ReportAllocs()
			phi := 0.0
			for b.Loop() {
				phi += 0.37
				if phi > 16 {
					phi = 0
				}
				sink = f.Wait(phi, s)
			}
		})
	}
}

// known returns a model that has seen logistic waits.
func known(d Detector) *Model {
	m := NewModel(d)
	rng := rand.New(rand.NewPCG(1, 2))
	for range memory {
		m.Add(5.8 + 0.5*math.Log(rng.ExpFloat64()/rng.ExpFloat64()))
	}
	return m
}

// slow returns the statistics of a member that is slower than all, so that it is judged by the longer way.
func slow() *MemberStats {
	var p MemberStats
	for i := range 40 {
		p.Add(9 + float64(i%5))
	}
	return &p
}

func BenchmarkModel(b *testing.B) {
	m, p := known(Measured()), slow()
	if p.Slower(m) == 0 {
		b.Fatal("the member is not slower")
	}
	bench := func(name string, f func(x float64)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			x := 0.0
			for b.Loop() {
				if x += 0.37; x > 16 {
					x = 0
				}
				f(x)
			}
		})
	}
	bench("Phi", func(x float64) { sink = m.Phi(x, &MemberStats{}) })
	bench("Phi of a slow member", func(x float64) { sink = m.Phi(x, p) })
	bench("Wait", func(x float64) { sink = m.Wait(x, &MemberStats{}) })
	bench("Wait of a slow member", func(x float64) { sink = m.Wait(x, p) })
	bench("Draw", func(float64) { m.refit() })
	bench("Add", func(x float64) { m.Add(4 + x/4); p.Add(4 + x/4) })
}
