package node

import (
	"net/netip"
	"time"

	"heartsay/agent/internal/ratelimit"
)

// What this node sends of its own accord, to addresses that others told it: exchanges, probes, news, tries to heal a
// partition. A peer that invents members can put any address into their records, so that all the cluster sends there. An address
// that has not proven that a member is there (proven.go) therefore gets little, whatever the number of members at it. Replies
// have a bound of their own (unproven.go). Seeds are the operator's wish and have none.
const (
	packetsAtOnce = 32 // to one address that has not proven itself
	packetsRate   = 1  // a second after that

	streamsAtOnce = 4 // to one address that has not proven itself
	streamsRate   = 0.1

	provenStreamsAtOnce = 20 // to one that has: a host may run many members
	provenStreamsRate   = 4

	maxDestinations = 4096 // that are told apart
)

type destinations struct {
	packets, streams, provenStreams *ratelimit.Buckets[netip.Addr]
}

func newDestinations() destinations {
	return destinations{
		packets:       ratelimit.NewBuckets[netip.Addr](packetsRate, packetsAtOnce, maxDestinations),
		streams:       ratelimit.NewBuckets[netip.Addr](streamsRate, streamsAtOnce, maxDestinations),
		provenStreams: ratelimit.NewBuckets[netip.Addr](provenStreamsRate, provenStreamsAtOnce, maxDestinations),
	}
}

// mayPacket reports whether one more packet may go to an address, and counts it.
func (l *loop) mayPacket(to netip.AddrPort, now time.Time) bool {
	if l.node.proven.has(to.Addr(), now) || l.destinations.packets.Of(to.Addr(), now).Take(now) {
		return true
	}
	l.node.counts.drop("destination")
	return false
}

// mayStream reports whether one more stream may be opened to an address, and counts it.
func (l *loop) mayStream(to netip.AddrPort, now time.Time) bool {
	of := l.destinations.streams
	if l.node.proven.has(to.Addr(), now) {
		of = l.destinations.provenStreams
	}
	if of.Of(to.Addr(), now).Take(now) {
		return true
	}
	l.node.counts.drop("destination")
	return false
}
