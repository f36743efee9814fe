package agent

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/seal"
	"heartsay/agent/transport"
)

// Rates of packets, before anything costly is done with one. An agent sends a few hundred in a second at the shortest
// interval; opening a forged one takes a few microseconds.
const (
	memberRate  = 2000  // packets a second of an address that has shown that it belongs to the cluster
	unknownRate = 10000 // packets a second of all other addresses together
	maxKnown    = 16384 // such addresses
)

// packetFilter decides, in the loop that reads the network, whom to listen to at all. Addresses of UDP packets can be
// forged, so nobody is shut out for what came in its name: who has shown that it belongs to the cluster has a rate of
// its own, which others cannot use up for it unless they send more than that in its name. It is safe for concurrent use.
type packetFilter struct {
	allowed []netip.Prefix // none: everybody

	mu      sync.Mutex
	known   *ratelimit.Buckets[netip.AddrPort]
	unknown *ratelimit.Bucket
}

func newPacketFilter(networks []netip.Prefix, now time.Time) *packetFilter {
	return &packetFilter{
		allowed: networks,
		known:   ratelimit.NewBuckets[netip.AddrPort](memberRate, memberRate, maxKnown),
		unknown: ratelimit.NewBucket(unknownRate, unknownRate, now),
	}
}

// know notes that an address belongs to the cluster.
func (f *packetFilter) know(a netip.AddrPort, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known.Of(a, now)
}

// Packet judges a packet, by what is cheapest first: format, source, rate.
func (f *packetFilter) Packet(from netip.AddrPort, b []byte, now time.Time) transport.Verdict {
	switch {
	case !seal.MayBeEnvelope(b):
		return transport.Malformed
	case !allows(f.allowed, from.Addr()):
		return transport.Denied
	case !f.paces(from, now):
		return transport.TooFast
	}
	return transport.Taken
}

// Stream judges a stream by its source.
func (f *packetFilter) Stream(from netip.Addr) transport.Verdict {
	if !allows(f.allowed, from) {
		return transport.Denied
	}
	return transport.Taken
}

// paces reports whether one more packet from an address is within its rate.
func (f *packetFilter) paces(from netip.AddrPort, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.known.Find(from); b != nil {
		return b.Take(now)
	}
	return f.unknown.Take(now)
}

// allows reports whether an address lies in one of the networks, or there are none.
func allows(networks []netip.Prefix, ip netip.Addr) bool {
	within := func(n netip.Prefix) bool { return n.Contains(ip) }
	return len(networks) == 0 || slices.ContainsFunc(networks, within)
}
