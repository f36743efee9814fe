package fallback

import (
	"net/netip"
	"time"

	"heartsay/gossip/wire"
)

// Route is the way of one message. It may be both a packet and a stream, while packets are tried again.
type Route struct {
	Key     string // of the member: its name, or its address while that is all that is known
	Packet  bool
	Stream  bool
	Request bool // the message wants a reply
}

// Request is a message that left in a packet and wants a reply.
type Request struct {
	Key     string
	To      netip.AddrPort
	Payload []byte
	at      time.Time
	way     *way
}

// Choose returns how a message to an address leaves. A request that leaves in a packet is remembered until it is
// answered or late.
func (t *Table) Choose(m wire.Message, to netip.AddrPort, payload []byte, now time.Time) Route {
	r := Route{Key: keyOf(m.Head().To, to), Request: m.Request()}
	switch r.Stream = t.OnStream(r.Key, now); {
	case !r.Stream:
		r.Packet = true
		if r.Request {
			t.remember(Request{Key: r.Key, To: to, Payload: payload, at: now})
		}
	case r.Request:
		r.Packet = t.retryDue(r.Key, to, now)
	}
	return r
}

// retryDue reports whether it is time to try a packet beside the stream, and counts on it being done.
func (t *Table) retryDue(key string, address netip.AddrPort, now time.Time) bool {
	w := t.of(key, address, now)
	if now.Before(w.retry) || t.blocked() && now.Before(t.retry) {
		return false
	}
	w.retry, t.retry = now.Add(jitter(retryPackets)), now.Add(jitter(retryPackets/4))
	return true
}

func (t *Table) remember(r Request) {
	if len(t.requests) >= maxRequests {
		t.requests = t.requests[1:]
	}
	t.requests = append(t.requests, r)
}

// Answered takes note of a message that came from an address, in a packet or on a stream, if it is a reply.
func (t *Table) Answered(m wire.Message, from netip.AddrPort, onStream bool, now time.Time) {
	if m.Answer() {
		t.answered(m.Head().From, from, onStream, now)
	}
}

// Late returns the requests that no packet has answered in time and that are to be repeated on a stream, and forgets
// all late ones: when several to that member were not answered, or none to anybody for a while. Where packets only get
// lost now and then, neither is so. Tell [Table.Repeated] of each.
func (t *Table) Late(now time.Time) (repeat []Request) {
	n := 0
	for ; n < len(t.requests) && now.Sub(t.requests[n].at) >= t.wait; n++ {
		r := t.requests[n]
		r.way = t.of(r.Key, r.To, now)
		r.way.silent++
		worth := r.way.silent >= unansweredIn || now.Sub(t.heard) >= t.quiet
		if worth && !now.Before(r.way.next) { // or a stream led nowhere a short while ago
			repeat = append(repeat, r)
		}
	}
	t.requests = t.requests[n:]
	t.forgetUnused(now)
	return repeat
}

// Repeated takes note that a late request left on a stream, or that it could not.
func (t *Table) Repeated(r Request, left bool) { r.way.repeated = left }

// keyOf returns under what key the way to a member is kept.
func keyOf(name string, address netip.AddrPort) string {
	if name != "" {
		return name
	}
	return address.String() // no name has a colon
}
