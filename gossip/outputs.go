package gossip

import (
	"net/netip"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Outputs is what the caller must do next, in order.
type Outputs struct {
	Messages []Envelope         // to send; best effort, may be lost
	Events   []membership.Event // to publish
	Syncs    []netip.AddrPort   // to make a full exchange with, on a stream: see [Engine.OpenSync]
	Deposed  *Deposed           // not nil: another life holds the name; publish the events, then stop
	NextTick time.Time          // call Tick at or just after this instant
}

// Envelope is a message and its way.
type Envelope struct {
	To      netip.AddrPort
	Stream  StreamID // not 0: an answer on that stream. 0: in a packet
	Message wire.Message
}

// StreamID names a stream that somebody opened to this member. The caller chooses the numbers, from 1.
type StreamID uint64

// Deposed says that a live agent elsewhere holds this member's name by right of the higher incarnation (R14).
type Deposed struct {
	Holder      netip.AddrPort
	Incarnation uint64
}
