package transport

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"heartsay/agent/addr"
	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/ports"
)

// intake is what came and waits to be read: two queues, and the rules for what gets into them. Who reads the network
// calls takePacket and takeStream, which never wait. Both are safe for concurrent use.
type intake struct {
	local     netip.AddrPort // IPv4 is never written as IPv6
	maxPacket atomic.Int64
	filter    atomic.Pointer[Filter] // nil: everything is taken
	drops     drops

	packets chan *memberlist.Packet // each of [taken]
	streams chan net.Conn
	open    *ports.Conns
}

func newIntake(local netip.AddrPort) *intake {
	in := &intake{
		local:   netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		packets: make(chan *memberlist.Packet, PacketQueue),
		streams: make(chan net.Conn, MaxStreams),
		open:    ports.New(ports.Bounds{Conns: ports.Places(MaxStreams), Share: MaxStreamShare, Idle: streamProof}),
	}
	in.maxPacket.Store(DefaultMaxPacket)
	return in
}

// source is a net.Addr that costs nothing to read. IPv4 is never written as IPv6.
type source netip.AddrPort

func (*source) Network() string  { return "udp" }
func (s *source) String() string { return netip.AddrPort(*s).String() }

// taken is a packet with bytes of its own, and its source beside it.
type taken struct {
	memberlist.Packet // whose From is &source
	source            source
}

// takePacket judges a packet that came at a time, and queues a copy of the right size when it is taken. Nothing is
// allocated before. The caller may use b again. When the queue is full the oldest packet makes way.
func (in *intake) takePacket(from netip.AddrPort, b []byte, at time.Time) {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if why := in.refusesPacket(from, b); why != nil {
		why.Add(1)
		return
	}
	p := &taken{source: source(from)}
	p.From, p.Buf, p.Timestamp = &p.source, append(make([]byte, 0, len(b)), b...), at
	for {
		select {
		case in.packets <- &p.Packet:
			return
		default:
		}
		select {
		case <-in.packets:
			in.drops.packetQueue.Add(1)
		default: // a reader was faster
		}
	}
}

// takeStream queues c when there is a place for it, and closes it otherwise. A stream that has made way for another may
// still be in the queue; of too many that wait the oldest is closed.
func (in *intake) takeStream(c net.Conn) {
	from, ok := addr.Of(c.RemoteAddr())
	if why := in.refusesStream(from); ok && why != nil {
		why.Add(1)
		_ = c.Close() // nothing was written, so nothing can be lost
		return
	}
	s, err := in.open.Add(c, ratelimit.Source(from.Addr()))
	if err != nil {
		_ = c.Close()
		return
	}
	for {
		select {
		case in.streams <- s:
			return
		default:
		}
		select {
		case oldest := <-in.streams:
			_ = oldest.Close()
		default: // a reader was faster
		}
	}
}

// end empties the queues and closes them, so that their readers end. Nothing may be taken any more.
func (in *intake) end() {
	for {
		select {
		case <-in.packets:
		case <-in.streams: // closed by [ports.Conns.Close]
		default:
			close(in.packets)
			close(in.streams)
			in.open.Close()
			return
		}
	}
}

// refusesPacket returns the counter of the reason for which a packet is not taken, nil if it is.
func (in *intake) refusesPacket(from netip.AddrPort, b []byte) *atomic.Uint64 {
	switch {
	case len(b) == 0:
		return &in.drops.packetEmpty
	case int64(len(b)) > in.maxPacket.Load():
		return &in.drops.packetSize
	case !in.hears(from):
		return &in.drops.packetSource
	}
	f := in.filter.Load()
	if f == nil {
		return nil
	}
	switch (*f).Packet(from, b, time.Now()) {
	case Malformed:
		return &in.drops.packetFormat
	case Denied:
		return &in.drops.packetDenied
	case TooFast:
		return &in.drops.packetRate
	}
	return nil
}

// refusesStream is the same for a stream.
func (in *intake) refusesStream(from netip.AddrPort) *atomic.Uint64 {
	f := in.filter.Load()
	switch {
	case !in.hears(from):
		return &in.drops.streamSource
	case f != nil && (*f).Stream(from.Addr()) != Taken:
		return &in.drops.streamDenied
	}
	return nil
}

// hears reports whether this member was asked to listen to from: one that listens at an IPv4 address to nothing else,
// which the operator neither asked for nor filters.
func (in *intake) hears(from netip.AddrPort) bool {
	return from.IsValid() && (!in.local.Addr().Is4() || from.Addr().Is4())
}
