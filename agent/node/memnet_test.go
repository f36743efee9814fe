package node

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// memNet is a network in memory for nodes in virtual time: packets take a millisecond and may be lost, streams are
// pipes.
type memNet struct {
	mu    sync.Mutex
	rng   *rand.Rand
	hosts map[netip.AddrPort]*memTransport
	loss  float64
	cut   func(from, to netip.AddrPort) bool
	mute  func(from, to netip.AddrPort) bool // drops packets, but no streams
}

func newMemNet(seed uint64) *memNet {
	return &memNet{rng: rand.New(rand.NewPCG(seed, 0)), hosts: map[netip.AddrPort]*memTransport{}}
}

// split cuts the network between the hosts named and all others; without hosts it heals it.
func (n *memNet) split(side ...netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	in := map[netip.AddrPort]bool{}
	for _, a := range side {
		in[a] = true
	}
	n.cut = func(from, to netip.AddrPort) bool { return in[from] != in[to] }
}

// lose sets the share of packets that are lost, while nodes run.
func (n *memNet) lose(share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss = share
}

// blockUDP drops the packets for which f says so, and no streams.
func (n *memNet) blockUDP(f func(from, to netip.AddrPort) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mute = f
}

func (n *memNet) listen(at netip.AddrPort) *memTransport {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := &memTransport{
		net: n, at: at, packets: make(chan memPacket, 1024), streams: make(chan net.Conn), down: make(chan struct{}),
	}
	n.hosts[at] = t
	return t
}

// reach returns the host at an address, if packets get there.
func (n *memNet) reach(from, to netip.AddrPort, lossy bool) *memTransport {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut != nil && n.cut(from, to) || lossy && (n.rng.Float64() < n.loss || n.mute != nil && n.mute(from, to)) {
		return nil
	}
	return n.hosts[to]
}

// memTransport is one host of the network.
type memTransport struct {
	net     *memNet
	at      netip.AddrPort
	packets chan memPacket
	streams chan net.Conn
	down    chan struct{}
	once    sync.Once
	lost    atomic.Uint64 // packets, as far as a test says so
}

type memPacket struct {
	bytes []byte
	from  netip.AddrPort
	at    time.Time
}

var _ Transport = (*memTransport)(nil)

const memDelay = time.Millisecond

func (t *memTransport) Local() netip.AddrPort { return t.at }
func (t *memTransport) Lost() uint64          { return t.lost.Load() }

func (t *memTransport) Send(to netip.AddrPort, b []byte) error {
	host := t.net.reach(t.at, to, true)
	if host == nil {
		return nil
	}
	p := memPacket{bytes: append([]byte(nil), b...), from: t.at}
	time.AfterFunc(memDelay, func() {
		p.at = time.Now()
		select {
		case host.packets <- p:
		default: // the queue is full
		}
	})
	return nil
}

func (t *memTransport) Receive() (b []byte, from netip.AddrPort, at time.Time, err error) {
	select {
	case p := <-t.packets:
		return p.bytes, p.from, p.at, nil
	case <-t.down:
		return nil, from, at, io.EOF
	}
}

func (t *memTransport) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	select {
	case <-time.After(2 * memDelay):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	host := t.net.reach(t.at, to, false)
	if host == nil {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	select {
	case host.streams <- memConn{far, t.at}:
		return memConn{near, to}, nil
	case <-host.down:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, os.ErrDeadlineExceeded
	}
}

func (t *memTransport) Accept() (net.Conn, error) {
	select {
	case c := <-t.streams:
		return c, nil
	case <-t.down:
		return nil, io.EOF
	}
}

func (t *memTransport) Close() error {
	t.once.Do(func() {
		t.net.mu.Lock()
		if t.net.hosts[t.at] == t {
			delete(t.net.hosts, t.at)
		}
		t.net.mu.Unlock()
		close(t.down)
	})
	return nil
}

// memConn is an end of a pipe that knows who is at the other.
type memConn struct {
	net.Conn
	remote netip.AddrPort
}

func (c memConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }
