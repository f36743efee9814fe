package agent

import (
	"fmt"
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

// Bounds of what a [Wire] takes in (R15).
const (
	PacketQueue      = 1024 // packets that wait to be read
	MaxStreams       = 64   // accepted streams open at once, waiting ones included
	MaxStreamShare   = 16   // of them, of one source
	DefaultMaxPacket = 2048 // bytes of a packet, as long as LimitPackets says nothing else
)

// Packet is one datagram. Bytes belongs to the reader.
type Packet struct {
	From  netip.AddrPort // IPv4 is never written as IPv6
	Bytes []byte
	At    time.Time // when it came
}

// Wire sends and takes packets and streams. It stands between the agent and a [memberlist.Transport], whose channels
// have no buffer, whose reads stop when nobody reads them, and whose shutdown hangs then. A Wire always reads them:
// one goroutine of its own moves what comes into bounded queues, and never waits for anybody.
type Wire struct {
	transport memberlist.Transport
	local     netip.AddrPort
	maxPacket atomic.Int64
	filter    atomic.Pointer[Filter] // nil: everything is taken
	drops     *wireDrops

	packets chan Packet
	streams chan net.Conn
	open    *ratelimit.Conns

	closing  sync.Once
	closeErr error
	stop     chan struct{} // closed when the transport is down
	stopped  chan struct{} // closed when the goroutine has ended
	watching sync.WaitGroup
}

// Listen opens a port for packets and streams at bind, which is [addr.ParseBind]'s: an IP, so that it can only be the
// address that was meant. Port 0 picks a free port, see [Wire.Local]. Its errors say what to do. The caller must
// call Close.
func Listen(bind netip.AddrPort, log hclog.Logger) (*Wire, error) {
	drops := new(wireDrops)
	t, local, err := listenNet(bind, log, drops, memberlist.NewNetTransport)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", bind, err)
	}
	w := newWire(t, local, drops)
	w.watching.Go(w.watchLost)
	return w, nil
}

// NewWire returns a Wire over any transport, whose address is local. The Wire owns the transport from then on. The
// caller must call Close.
func NewWire(t memberlist.Transport, local netip.AddrPort) *Wire {
	return newWire(t, local, new(wireDrops))
}

func newWire(t memberlist.Transport, local netip.AddrPort, drops *wireDrops) *Wire {
	w := &Wire{
		transport: t,
		local:     netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		drops:     drops,
		packets:   make(chan Packet, PacketQueue),
		streams:   make(chan net.Conn, MaxStreams),
		open:      ratelimit.NewConns(ratelimit.Places(MaxStreams), MaxStreamShare),
		stop:      make(chan struct{}),
		stopped:   make(chan struct{}),
	}
	w.maxPacket.Store(DefaultMaxPacket)
	go w.move()
	return w
}

// Local returns the address that the Wire listens on, with its real port.
func (w *Wire) Local() netip.AddrPort { return w.local }

// LimitPackets makes w drop packets of more than n bytes from now on.
func (w *Wire) LimitPackets(n int) { w.maxPacket.Store(int64(n)) }

// Packets returns the queue of packets that came. When it is full the oldest one is dropped, because old news is
// worth least. It is closed by Close.
func (w *Wire) Packets() <-chan Packet { return w.packets }

// Streams returns the queue of streams that others opened. Whoever takes one must close it; until then it holds one
// of [MaxStreams] places. It is closed by Close.
func (w *Wire) Streams() <-chan net.Conn { return w.streams }

// Drops returns how many packets and streams were refused since the start, by reason. The caller owns the map. Every
// reason is present, see [wireDrops].
func (w *Wire) Drops() map[string]uint64 { return w.drops.snapshot() }

// Send sends b to one host as one packet. It never waits for a resolver, and success does not mean that b arrives.
func (w *Wire) Send(to netip.AddrPort, b []byte) error {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if err := membership.ValidateAddress(to); err != nil {
		return fmt.Errorf("send packet: %w", err)
	}
	if _, err := w.transport.WriteTo(b, to.String()); err != nil {
		return fmt.Errorf("send packet to %s: %w", to, err)
	}
	return nil
}

// Dial opens a stream to one host. It waits for timeout at most, which must be positive. The caller must close the
// stream and set its deadlines.
func (w *Wire) Dial(to netip.AddrPort, timeout time.Duration) (net.Conn, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if err := membership.ValidateAddress(to); err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	if timeout <= 0 {
		return nil, fmt.Errorf("open stream to %s: no time is left", to)
	}
	c, err := w.transport.DialTimeout(to.String(), timeout)
	if err != nil {
		return nil, fmt.Errorf("open stream to %s: %w", to, err)
	}
	return c, nil
}

// Close stops listening, closes every accepted stream that is still open, and returns when no goroutine of w or its
// transport is left. What was queued is gone. Further calls wait for the first one and return the same error.
func (w *Wire) Close() error {
	w.closing.Do(func() {
		if err := w.transport.Shutdown(); err != nil { // returns only because move goes on reading
			w.closeErr = fmt.Errorf("close transport: %w", err)
		}
		close(w.stop)
		<-w.stopped
		w.watching.Wait()
		w.open.Close()
	})
	return w.closeErr
}

// move reads the transport until it is down, whatever the readers of w do.
func (w *Wire) move() {
	defer close(w.stopped)
	packets, streams := w.transport.PacketCh(), w.transport.StreamCh()
	for {
		select {
		case p, ok := <-packets:
			if !ok {
				packets = nil
			} else if p != nil {
				w.takePacket(p)
			}
		case c, ok := <-streams:
			if !ok {
				streams = nil
			} else if c != nil {
				w.takeStream(c)
			}
		case <-w.stop:
			w.endQueues()
			return
		}
	}
}

// endQueues empties the queues and closes them, so that their readers end.
func (w *Wire) endQueues() {
	for {
		select {
		case <-w.packets:
		case <-w.streams: // closed by [ratelimit.Conns.Close]
		default:
			close(w.packets)
			close(w.streams)
			return
		}
	}
}

// takePacket queues a copy of p of the right size: p is a part of a buffer of 64 KiB, which it would keep alive.
func (w *Wire) takePacket(p *memberlist.Packet) {
	from, ok := addr.Of(p.From)
	if !ok {
		w.drops.packetSource.Add(1)
		return
	}
	if why := w.refusesPacket(from, p.Buf); why != nil {
		why.Add(1)
		return
	}
	bytes := make([]byte, len(p.Buf))
	copy(bytes, p.Buf)
	packet := Packet{From: from, Bytes: bytes, At: p.Timestamp}
	for {
		select {
		case w.packets <- packet:
			return
		default:
		}
		select {
		case <-w.packets:
			w.drops.packetQueue.Add(1)
		default: // a reader was faster
		}
	}
}

// takeStream queues c when there is a place for it. The queue never blocks: it is as long as there are places.
func (w *Wire) takeStream(c net.Conn) {
	from, ok := addr.Of(c.RemoteAddr())
	if why := w.refusesStream(from); ok && why != nil {
		why.Add(1)
		_ = c.Close() // nothing was written, so nothing can be lost
		return
	}
	s, err := w.open.Add(c, ratelimit.Source(from.Addr()))
	switch err {
	case nil:
		w.streams <- s
		return
	case ratelimit.ErrShare:
		w.drops.streamShare.Add(1)
	default:
		w.drops.streamLimit.Add(1)
	}
	_ = c.Close()
}

// hears reports whether w was asked to listen to from. A socket bound to 0.0.0.0 hears IPv6 as well on most systems,
// which the operator neither asked for nor filters.
func (w *Wire) hears(from netip.AddrPort) bool { return !w.local.Addr().Is4() || from.Addr().Is4() }
