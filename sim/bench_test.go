package sim

import (
	"testing"
	"time"

	"heartsay/gossip"
)

// BenchmarkSecond measures a virtual second of a cluster of 1000 members at profile lan's interval.
func BenchmarkSecond(b *testing.B) {
	c := New(Config{Seed: 1, Interval: 250 * time.Millisecond, Gossip: gossip.DefaultConfig(), Network: Network{Latency: time.Millisecond}})
	c.Boot(1000, time.Second)
	c.Run(5 * time.Second)
	b.ReportAllocs()
	for b.Loop() {
		c.Run(time.Second)
	}
}
