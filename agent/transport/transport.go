// Package transport sends and takes packets and streams for one member, within bounds (R15).
//
// A [Transport] stands before a carrier, memberlist's Transport, whose channels have no buffer, whose reads stop when nobody
// reads them, and whose shutdown hangs then. One goroutine, move, always reads them into bounded queues and never waits
// for anybody; readers take from the queues by [Transport.Receive] and [Transport.Accept]. What is too large, what nobody could
// answer, and what a [Filter] refuses does not get that far; each is counted (drops.go). What the system dropped is read
// from it once a second (lost.go).
package transport

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"

	"heartsay/agent/addr"
	"heartsay/agent/internal/ratelimit"
	"heartsay/membership"
)

// Bounds of what a [Transport] takes in (R15).
const (
	PacketQueue      = 1024 // packets that wait to be read
	MaxStreams       = 64   // accepted streams open at once, waiting ones included
	MaxStreamShare   = 16   // of them, of one source
	DefaultMaxPacket = 2048 // bytes of a packet, as long as LimitPackets says nothing else
)

// packet is one datagram, with bytes of its own.
type packet struct {
	from  netip.AddrPort // IPv4 is never written as IPv6
	bytes []byte
	at    time.Time // when it came
}

// Transport sends and takes packets and streams. Its methods are safe for concurrent use.
type Transport struct {
	carrier   memberlist.Transport
	local     netip.AddrPort
	maxPacket atomic.Int64
	filter    atomic.Pointer[Filter] // nil: everything is taken
	drops     *drops

	packets chan packet
	streams chan net.Conn
	open    *ratelimit.Conns
	dials   dials

	closing  sync.Once
	closeErr error
	stop     chan struct{} // closed when the carrier is down
	stopped  chan struct{} // closed when the goroutine has ended
	watching sync.WaitGroup
}

// Listen opens a port for packets and streams at bind, which is [addr.ParseBind]'s: an IP, so that it can only be the
// address that was meant. Port 0 picks a free port, see [Transport.Local]. Its errors say what to do. The caller must
// call Close.
func Listen(bind netip.AddrPort, log hclog.Logger) (*Transport, error) {
	drops := new(drops)
	carrier, local, err := listenNet(bind, log, drops, memberlist.NewNetTransport)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", bind, err)
	}
	t := newTransport(carrier, local, drops)
	t.watching.Go(t.watchLost)
	return t, nil
}

// New returns a Transport over any carrier, whose address is local. It owns the carrier from then on. A carrier
// with a method Lost, which returns how many packets it dropped since the start, is asked for that. The caller must call
// Close.
func New(carrier memberlist.Transport, local netip.AddrPort) *Transport {
	return newTransport(carrier, local, new(drops))
}

func newTransport(carrier memberlist.Transport, local netip.AddrPort, drops *drops) *Transport {
	t := &Transport{
		carrier: carrier,
		local:   netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		drops:   drops,
		packets: make(chan packet, PacketQueue),
		streams: make(chan net.Conn, MaxStreams),
		open:    ratelimit.NewConns(ratelimit.Places(MaxStreams), MaxStreamShare),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	t.maxPacket.Store(DefaultMaxPacket)
	go t.move()
	return t
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
	return p.bytes, p.from, p.at, nil
}

// Waiting returns how many packets came and wait to be received.
func (t *Transport) Waiting() int { return len(t.packets) }

// Accept returns the next stream that another host opened, and waits for one. The caller must close it; until then it
// holds one of [MaxStreams] places. The error is [io.EOF] after Close.
func (t *Transport) Accept() (net.Conn, error) {
	c, ok := <-t.streams
	if !ok {
		return nil, io.EOF
	}
	return c, nil
}

// Drops returns how many packets and streams were refused since the start, by reason. The caller owns the map. Every
// reason is present, see [wireDrops].
func (t *Transport) Drops() map[string]uint64 { return t.drops.snapshot() }

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

// Close stops listening, closes every accepted stream that is still open, and returns when no goroutine of t or its
// transport is left. What was queued is gone. Further calls wait for the first one and return the same error.
func (t *Transport) Close() error {
	t.closing.Do(func() {
		if err := t.carrier.Shutdown(); err != nil { // returns only because move goes on reading
			t.closeErr = fmt.Errorf("close transport: %w", err)
		}
		close(t.stop)
		<-t.stopped
		t.watching.Wait()
		t.dials.close()
		t.open.Close()
	})
	return t.closeErr
}

// move reads the transport until it is down, whatever the readers of t do.
func (t *Transport) move() {
	defer close(t.stopped)
	packets, streams := t.carrier.PacketCh(), t.carrier.StreamCh()
	for {
		select {
		case p, ok := <-packets:
			if !ok {
				packets = nil
			} else if p != nil {
				t.takePacket(p)
			}
		case c, ok := <-streams:
			if !ok {
				streams = nil
			} else if c != nil {
				t.takeStream(c)
			}
		case <-t.stop:
			t.endQueues()
			return
		}
	}
}

// endQueues empties the queues and closes them, so that their readers end.
func (t *Transport) endQueues() {
	for {
		select {
		case <-t.packets:
		case <-t.streams: // closed by [ratelimit.Conns.Close]
		default:
			close(t.packets)
			close(t.streams)
			return
		}
	}
}

// takePacket queues a copy of p of the right size: p is a part of a buffer of 64 KiB, which it would keep alive.
func (t *Transport) takePacket(p *memberlist.Packet) {
	from, ok := addr.Of(p.From)
	if !ok {
		t.drops.packetSource.Add(1)
		return
	}
	if why := t.refusesPacket(from, p.Buf); why != nil {
		why.Add(1)
		return
	}
	bytes := make([]byte, len(p.Buf))
	copy(bytes, p.Buf)
	taken := packet{from: from, bytes: bytes, at: p.Timestamp}
	for {
		select {
		case t.packets <- taken:
			return
		default:
		}
		select {
		case <-t.packets:
			t.drops.packetQueue.Add(1)
		default: // a reader was faster
		}
	}
}

// takeStream queues c when there is a place for it. The queue never blocks: it is as long as there are places.
func (t *Transport) takeStream(c net.Conn) {
	from, ok := addr.Of(c.RemoteAddr())
	if why := t.refusesStream(from); ok && why != nil {
		why.Add(1)
		_ = c.Close() // nothing was written, so nothing can be lost
		return
	}
	s, err := t.open.Add(c, ratelimit.Source(from.Addr()))
	switch err {
	case nil:
		t.streams <- s
		return
	case ratelimit.ErrShare:
		t.drops.streamShare.Add(1)
	default:
		t.drops.streamLimit.Add(1)
	}
	_ = c.Close()
}

// hears reports whether t was asked to listen to from. A socket bound to 0.0.0.0 hears IPv6 as well on most systems,
// which the operator neither asked for nor filters.
func (t *Transport) hears(from netip.AddrPort) bool {
	return !t.local.Addr().Is4() || from.Addr().Is4()
}
