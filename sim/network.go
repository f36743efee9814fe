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
	Twice   float64       // share of the packets that arrive a second time, 0 to 1; streams repeat nothing
	// Cut reports whether nothing gets from one address to the other, packets and streams. Nil cuts nothing.
	Cut func(from, to netip.AddrPort) bool

	sides   map[netip.AddrPort]int
	severed map[link]bool
	losing  map[link]int // packets still to lose
	lossy   map[netip.AddrPort]lossiness
}

// lossiness is the share of the packets to and from one address that are lost.
type lossiness struct{ in, out float64 }

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

// Mend takes back [Network.Sever] of one link.
func (n *Network) Mend(from, to netip.AddrPort) { delete(n.severed, link{from, to}) }

// Lose loses shares of the packets to an address, in, and from it, out, on top of [Network.Loss]. A share of 1 cuts
// that direction.
func (n *Network) Lose(a netip.AddrPort, in, out float64) {
	if n.lossy == nil {
		n.lossy = map[netip.AddrPort]lossiness{}
	}
	n.lossy[a] = lossiness{in, out}
	if in == 0 && out == 0 {
		delete(n.lossy, a)
	}
}

// losing returns the shares of the packets to an address, in, and from it, out, that [Network.Lose] loses.
func (n *Network) Losing(a netip.AddrPort) (in, out float64) { l := n.lossy[a]; return l.in, l.out }

// LosesSome reports whether [Network.Lose] loses packets of any member.
func (n *Network) LosesSome() bool { return len(n.lossy) > 0 }

// Divided reports whether there is a partition.
func (n *Network) Divided() bool { return len(n.sides) > 0 }

// SeversSome reports whether any link is severed.
func (n *Network) SeversSome() bool { return len(n.severed) > 0 }

// Severs reports whether one link is severed, one way.
func (n *Network) Severs(from, to netip.AddrPort) bool { return n.severed[link{from, to}] }

// Heal takes back [Network.Partition] and [Network.Sever].
func (n *Network) Heal() { n.sides, n.severed = nil, nil }

// LoseNext loses the next k packets of one link.
func (n *Network) LoseNext(from, to netip.AddrPort, k int) {
	if n.losing == nil {
		n.losing = map[link]int{}
	}
	n.losing[link{from, to}] += k
}

// Perfect reports whether nothing is lost, cut or divided.
func (n *Network) Perfect() bool {
	return n.Loss == 0 && len(n.lossy)+len(n.severed)+len(n.sides)+len(n.losing) == 0 && n.Cut == nil
}

// link returns how long a message takes, and whether it arrives. A stream needs both directions.
func (n *Network) link(rng *rand.Rand, from, to netip.AddrPort, reliable bool) (delay time.Duration, arrives bool) {
	delay = n.delay(rng)
	if n.Cuts(from, to) || reliable && n.Cuts(to, from) {
		return 0, false
	}
	if reliable {
		return delay, true
	}
	if l := (link{from, to}); n.losing[l] > 0 {
		n.losing[l]--
		return 0, false
	}
	loss := n.loss(from, to)
	return delay, loss == 0 || rng.Float64() >= loss
}

func (n *Network) delay(rng *rand.Rand) time.Duration {
	if n.Jitter <= 0 {
		return n.Latency
	}
	return n.Latency + time.Duration(rng.Int64N(int64(n.Jitter)))
}

// loss returns the share of the packets of a link that are lost.
func (n *Network) loss(from, to netip.AddrPort) float64 {
	if len(n.lossy) == 0 {
		return n.Loss
	}
	return 1 - (1-n.Loss)*(1-n.lossy[from].out)*(1-n.lossy[to].in)
}

func (n *Network) twice(rng *rand.Rand) bool { return n.Twice > 0 && rng.Float64() < n.Twice }

func (n *Network) Cuts(from, to netip.AddrPort) bool {
	a, b := n.sides[from], n.sides[to]
	return a != 0 && b != 0 && a != b || n.severed[link{from, to}] || n.lossy[from].out == 1 || n.lossy[to].in == 1 ||
		n.Cut != nil && n.Cut(from, to)
}
