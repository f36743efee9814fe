// Package transport sends and takes packets and streams for one member, within bounds (R15).
//
// A [Transport] stands before a carrier, which is a memberlist.Transport. On a real network that is our own (sockets.go):
// two goroutines read UDP and TCP straight into two bounded queues (intake.go) and never wait for anybody; readers take from
// the queues by [Transport.Receive] and [Transport.Accept]. What is too large, what nobody could answer, and what a [Filter]
// refuses is neither copied nor queued; each is counted (drops.go), and so is what the system dropped, which it tells
// beside the next packet. A carrier of somebody else (carrier.go) may have channels without a buffer, and a shutdown that
// hangs when nobody reads them: one more goroutine always does.
package transport

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"

	"heartsay/agent/addr"
	"heartsay/membership"
)

// Bounds of what a [Transport] takes in (R15).
const (
	PacketQueue      = 1024 // packets that wait to be read
	MaxStreams       = 64   // accepted streams open at once, waiting ones included
	MaxStreamShare   = 16   // of them, of one source
	DefaultMaxPacket = 2048 // bytes of a packet, as long as LimitPackets says nothing else
)

// streamProof is how long an accepted stream may take to show that it is one of a member.
const streamProof = 10 * time.Second

// Transport sends and takes packets and streams. Its methods are safe for concurrent use.
type Transport struct {
	*intake
	carrier memberlist.Transport
	dials   dials
	ending  func() // ends what reads the carrier when that is down

	closing  sync.Once
	closeErr error
}

// Listen opens a port for packets and streams at bind, which is [addr.ParseBind]'s: an IP, so that it can only be the
// address that was meant. Port 0 picks a free port, see [Transport.Local]. Its errors say what to do. The caller must
// call Close.
func Listen(bind netip.AddrPort, log hclog.Logger) (*Transport, error) {
	return listen(bind, log, openBoth)
}

func listen(bind netip.AddrPort, log hclog.Logger, open openSockets) (*Transport, error) {
	ip := bind.Addr().Unmap()
	if err := addr.CheckHost(ip); err != nil { // the system would listen at every address
		return nil, fmt.Errorf("listen on %s: %w", bind, err)
	}
	udp, tcp, err := openFree(netip.AddrPortFrom(ip, bind.Port()), open)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", bind, err)
	}
	in := newIntake(netip.AddrPortFrom(ip, udp.LocalAddr().(*net.UDPAddr).AddrPort().Port()))
	return &Transport{intake: in, carrier: carry(udp, tcp, in, log), ending: func() {}}, nil
}

// New returns a Transport over any carrier, whose address is local. It owns the carrier from then on. A carrier
// with a method Lost, which returns how many packets it dropped since the start, is asked for that. The caller must call
// Close.
func New(carrier memberlist.Transport, local netip.AddrPort) *Transport {
	in := newIntake(local)
	return &Transport{intake: in, carrier: carrier, ending: drain(carrier, in)}
}

// Local returns the address that t listens on, with its real port.
func (t *Transport) Local() netip.AddrPort { return t.local }

// LimitPackets makes t drop packets of more than n bytes from now on.
func (t *Transport) LimitPackets(n int) { t.maxPacket.Store(int64(n)) }

// Receive returns the next packet that came, who sent it, and when it came, and waits for one. The bytes are the
// caller's. Of too many that wait the oldest is dropped, because old news is worth least. The error is [io.EOF] after
// Close.
func (t *Transport) Receive() (b []byte, from netip.AddrPort, at time.Time, err error) {
	p, ok := <-t.packets
	if !ok {
		return nil, from, at, io.EOF
	}
	return p.Buf, netip.AddrPort(*p.From.(*source)), p.Timestamp, nil
}

// Waiting returns how many packets came and wait to be received.
func (t *Transport) Waiting() int { return len(t.packets) }

// Accept returns the next stream that another host opened, and waits for one. The caller must close it; until then it
// holds one of [MaxStreams] places, and makes way for others until [ports.Mark] says that it works. The error is [io.EOF]
// after Close.
func (t *Transport) Accept() (net.Conn, error) {
	c, ok := <-t.streams
	if !ok {
		return nil, io.EOF
	}
	return c, nil
}

// Drops returns how many packets and streams were refused since the start, by reason. The caller owns the map. Every
// reason is present, see [wireDrops].
func (t *Transport) Drops() map[string]uint64 {
	all, crowded := t.drops.snapshot(), t.open.Crowded()
	all["stream_limit"], all["stream_share"] = crowded.Full, crowded.Share
	return all
}

// Send sends b to one host as one packet. It never waits for a resolver, and success does not mean that b arrives.
func (t *Transport) Send(to netip.AddrPort, b []byte) error {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if err := membership.ValidateAddress(to); err != nil {
		return fmt.Errorf("send packet: %w", err)
	}
	if _, err := t.carrier.WriteTo(b, to.String()); err != nil {
		return fmt.Errorf("send packet to %s: %w", to, err)
	}
	return nil
}

// Lost returns how many packets came for this agent and were dropped because it did not keep up: by the queue of t, by
// the system before t saw them, or by a carrier that counts them. It never goes back. What the system dropped is known
// when the next packet comes.
func (t *Transport) Lost() uint64 {
	lost := t.drops.packetQueue.Load() + t.drops.packetKernel.Load()
	if counting, ok := t.carrier.(interface{ Lost() uint64 }); ok {
		lost += counting.Lost()
	}
	return lost
}

// Close stops listening, closes every accepted stream that is still open, and returns when no goroutine of t or its
// carrier is left. What was queued is gone. Further calls wait for the first one and return the same error.
func (t *Transport) Close() error {
	t.closing.Do(func() {
		if err := t.carrier.Shutdown(); err != nil {
			t.closeErr = fmt.Errorf("close transport: %w", err)
		}
		t.ending()
		t.dials.close()
		t.end()
	})
	return t.closeErr
}
