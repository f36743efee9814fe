package sim

import (
	"testing"
	"time"

	"heartsay/gossip"
)

// thousand is 1000 members at profile lan, as `heartsay sim --members 1000` runs them.
func thousand() Scenario {
	return Scenario{
		Members: 1000, Seed: 1, Interval: 500 * time.Millisecond, Gossip: gossip.DefaultConfig(),
		Network: Network{Latency: time.Millisecond},
	}
}

// BenchmarkSecond measures a virtual second in steady state, after all have joined and the warm-up, with all that is
// checked and counted.
func BenchmarkSecond(b *testing.B) {
	r := NewRun(thousand())
	r.boot()
	b.ReportAllocs()
	for b.Loop() {
		r.advance(time.Second)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}

// BenchmarkBootstrap measures the seconds in which they all join and warm up.
func BenchmarkBootstrap(b *testing.B) {
	passed := time.Duration(0)
	for b.Loop() {
		r := NewRun(thousand())
		r.boot()
		passed += r.Cluster.Now()
	}
	b.ReportMetric(passed.Seconds()/b.Elapsed().Seconds(), "x-real-time")
}
