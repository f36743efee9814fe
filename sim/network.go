package sim

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Network is the state of all links. It may be changed while the cluster runs: what is under way arrives.
type Network struct {
	Latency time.Duration // one way, at least
	Jitter  time.Duration // added at random, up to this
	Loss    float64       // share of the packets that are lost, 0 to 1; streams lose nothing
	// Cut reports whether nothing gets from one address to the other, packets and streams. Nil cuts nothing.
	Cut func(from, to netip.AddrPort) bool

	sides   map[netip.AddrPort]int
	severed map[link]bool
	losing  map[link]int // packets that are yet to be lost
}

// link is a way from one address to another.
type link struct{ from, to netip.AddrPort }

// Partition cuts the links between the addresses of different sides, both ways, in the place of an older partition.
// An address on no side keeps all its links.
func (n *Network) Partition(sides ...[]netip.AddrPort) {
	n.sides = map[netip.AddrPort]int{}
	for i, side := range sides {
		for _, a := range side {
			n.sides[a] = i + 1
		}
	}
}

// Sever cuts one link, one way.
func (n *Network) Sever(from, to netip.AddrPort) {
	if n.severed == nil {
		n.severed = map[link]bool{}
	}
	n.severed[link{from, to}] = true
}

// Heal takes back [Network.Partition] and [Network.Sever].
func (n *Network) Heal() { n.sides, n.severed = nil, nil }

// LoseNext loses the next k packets of one link.
func (n *Network) LoseNext(from, to netip.AddrPort, k int) {
	if n.losing == nil {
		n.losing = map[link]int{}
	}
	n.losing[link{from, to}] += k
}

// link returns how long a message takes, and whether it arrives.
func (n *Network) link(rng *rand.Rand, from, to netip.AddrPort, reliable bool) (delay time.Duration, arrives bool) {
	delay = n.Latency
	if n.Jitter > 0 {
		delay += time.Duration(rng.Int64N(int64(n.Jitter)))
	}
	if n.cut(from, to) {
		return 0, false
	}
	if reliable {
		return delay, true
	}
	if l := (link{from, to}); n.losing[l] > 0 {
		n.losing[l]--
		return 0, false
	}
	return delay, n.Loss == 0 || rng.Float64() >= n.Loss
}

func (n *Network) cut(from, to netip.AddrPort) bool {
	a, b := n.sides[from], n.sides[to]
	return a != 0 && b != 0 && a != b || n.severed[link{from, to}] || n.Cut != nil && n.Cut(from, to)
}
