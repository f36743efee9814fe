package sim

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Network is the state of all links. It may be changed while the cluster runs.
type Network struct {
	Latency time.Duration // one way, at least
	Jitter  time.Duration // added at random, up to this
	Loss    float64       // share of the packets that are lost, 0 to 1; streams lose nothing
	// Cut reports whether nothing gets from one address to the other, packets and streams. Nil cuts nothing.
	Cut func(from, to netip.AddrPort) bool
}

// link returns how long a message takes, and whether it arrives.
func (n *Network) link(rng *rand.Rand, from, to netip.AddrPort, reliable bool) (delay time.Duration, arrives bool) {
	delay = n.Latency
	if n.Jitter > 0 {
		delay += time.Duration(rng.Int64N(int64(n.Jitter)))
	}
	if n.Cut != nil && n.Cut(from, to) {
		return 0, false
	}
	return delay, reliable || n.Loss == 0 || rng.Float64() >= n.Loss
}
