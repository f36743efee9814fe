package transport

import (
	"net/netip"
	"time"
)

// Filter judges what came before anything costly is done with it. The goroutine that reads the network calls it, so it
// must not wait. It must be safe for concurrent use.
type Filter interface {
	// Packet judges a packet, which it must not keep: the next one is read into the same bytes.
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
