package transport

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// Filter judges what came before anything costly is done with it. The goroutine that reads the network calls it, so it
// must not wait. It must be safe for concurrent use.
type Filter interface {
	// Packet judges a packet, which it must not keep.
	Packet(from netip.AddrPort, b []byte, now time.Time) Verdict
	// Stream judges a stream. It is not asked about one whose source is not known.
	Stream(from netip.Addr) Verdict
}

// Verdict is what a [Filter] says. All but Taken are counted.
type Verdict int

// The verdicts of a filter.
const (
	Taken     Verdict = iota
	Malformed         // it does not begin like anything that is expected
	Denied            // nobody listens to its source
	TooFast           // its source sends too much
)

// SetFilter makes t take only what the filter takes, from now on. Until then, and with a nil filter, it takes everything.
func (t *Transport) SetFilter(f Filter) {
	if f == nil {
		t.filter.Store(nil)
		return
	}
	t.filter.Store(&f)
}

// refusesPacket returns the counter of the reason for which a packet is not taken, nil if it is.
func (t *Transport) refusesPacket(from netip.AddrPort, b []byte) *atomic.Uint64 {
	switch {
	case int64(len(b)) > t.maxPacket.Load():
		return &t.drops.packetSize
	case !t.hears(from):
		return &t.drops.packetSource
	}
	f := t.filter.Load()
	if f == nil {
		return nil
	}
	switch (*f).Packet(from, b, time.Now()) {
	case Malformed:
		return &t.drops.packetFormat
	case Denied:
		return &t.drops.packetDenied
	case TooFast:
		return &t.drops.packetRate
	}
	return nil
}

// refusesStream is the same for a stream.
func (t *Transport) refusesStream(from netip.AddrPort) *atomic.Uint64 {
	f := t.filter.Load()
	switch {
	case !t.hears(from):
		return &t.drops.streamSource
	case f != nil && (*f).Stream(from.Addr()) != Taken:
		return &t.drops.streamDenied
	}
	return nil
}
