package phi

import "testing"

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

func BenchmarkWindowAddAndMoments(b *testing.B) {
	b.ReportAllocs()
	var w Window
	wait := 0.0
	for b.Loop() {
		wait += 0.37
		if wait > 20 {
			wait = 0
		}
		w.Add(wait)
		sink = w.Moments().SumSq
	}
}

func BenchmarkPoolAdd(b *testing.B) {
	b.ReportAllocs()
	var p Pool
	for b.Loop() {
		p.Add(1.37)
		sink = p.m.SumSq
	}
}
