package agent

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"heartsay/agent/internal/ratelimit"
)

// Rates of packets, before anything costly is done with one. An agent sends a few hundred in a second at the shortest
// interval; opening a forged one takes a few microseconds.
const (
	memberRate   = 2000  // packets a second of an address that has shown that it belongs to the cluster
	strangerRate = 10000 // packets a second of all other addresses together
	maxKnown     = maxPeers
)

// gate decides, in the loop that reads the network, whom to listen to at all. Addresses of UDP packets can be forged,
// so nobody is shut out for what came in its name: who has shown that it belongs to the cluster has a rate of its own,
// which strangers cannot use up for it unless they send more than that in its name.
type gate struct {
	allowed []netip.Prefix // none: everybody

	mu        sync.Mutex
	known     *ratelimit.Buckets[netip.AddrPort]
	strangers *ratelimit.Bucket
}

func newGate(networks []netip.Prefix, now time.Time) *gate {
	return &gate{
		allowed:   networks,
		known:     ratelimit.NewBuckets[netip.AddrPort](memberRate, memberRate, maxKnown),
		strangers: ratelimit.NewBucket(strangerRate, strangerRate, now),
	}
}

// Guard makes w drop what cannot be an envelope, what comes too fast, and, when networks are given, what comes from
// elsewhere. Without it, w takes everything.
func (w *Wire) Guard(networks []netip.Prefix) {
	w.gate.Store(newGate(networks, time.Now()))
}

// Know notes that an address belongs to the cluster.
func (w *Wire) Know(a netip.AddrPort, now time.Time) {
	if g := w.gate.Load(); g != nil {
		g.know(a, now)
	}
}

// allows reports whether an address is one to listen to.
func (g *gate) allows(ip netip.Addr) bool {
	within := func(n netip.Prefix) bool { return n.Contains(ip) }
	return len(g.allowed) == 0 || slices.ContainsFunc(g.allowed, within)
}

func (g *gate) know(a netip.AddrPort, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known.Of(a, now)
}

// paces reports whether one more packet from an address is within its rate.
func (g *gate) paces(from netip.AddrPort, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.known.Find(from); b != nil {
		return b.Take(now)
	}
	return g.strangers.Take(now)
}

// refusesPacket returns the counter of the reason for which a packet is not taken, nil if it is. The order is the
// cheapest first: size, format, source, rate.
func (w *Wire) refusesPacket(from netip.AddrPort, b []byte) *atomic.Uint64 {
	g := w.gate.Load()
	switch {
	case int64(len(b)) > w.maxPacket.Load():
		return &w.drops.packetSize
	case g != nil && (len(b) < minEnvelope || string(b[:2]) != envelopeMagic):
		return &w.drops.packetFormat
	case !w.hears(from):
		return &w.drops.packetSource
	case g != nil && !g.allows(from.Addr()):
		return &w.drops.packetDenied
	case g != nil && !g.paces(from, time.Now()):
		return &w.drops.packetRate
	}
	return nil
}

// refusesStream is the same for a stream: of whom the address is not known, nobody is refused for it.
func (w *Wire) refusesStream(from netip.AddrPort) *atomic.Uint64 {
	g := w.gate.Load()
	switch {
	case !w.hears(from):
		return &w.drops.streamSource
	case g != nil && !g.allows(from.Addr()):
		return &w.drops.streamDenied
	}
	return nil
}
