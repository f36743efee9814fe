package agent

import (
	"heartsay/agent/seal"
	"net"
	"net/netip"
	"time"
)

// envelopes is how an agent wraps what it sends and opens what comes: [seal.Envelope] without a key, [seal.Sealer] with keys.
type envelopes interface {
	// Overhead returns how many bytes a packet is longer than its message.
	Overhead() int
	// SealPacket returns the packet to send when payload is for whoever listens at an address, nil for none. The payload
	// is the callee's from then on.
	SealPacket(to netip.AddrPort, payload []byte, now time.Time) []byte
	// OpenPacket returns the message in a packet, nil when there is none in it, and the packets to answer with. It may
	// change b. Every error is an [*seal.OpenError].
	OpenPacket(b []byte, from netip.AddrPort, now time.Time) (payload []byte, answers []seal.Packet, err error)
	// OpenStream returns how to seal and open the frames of a stream, and waits for the other side until the deadline.
	OpenStream(c net.Conn, dialed bool, deadline time.Time) (seal.Framing, error)
}

var (
	_ envelopes = (*seal.Envelope)(nil)
	_ envelopes = (*seal.Sealer)(nil)
)
