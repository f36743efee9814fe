package node

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"heartsay/agent/internal/clustertest"
)

// memNet is a network in memory for nodes in virtual time: packets take a millisecond and may be lost, streams are
// pipes.
type memNet struct {
	*clustertest.Network
	mu    sync.Mutex
	hosts map[netip.AddrPort]*memTransport
}

func newMemNet(seed uint64) *memNet {
	return &memNet{Network: clustertest.NewNetwork(seed), hosts: map[netip.AddrPort]*memTransport{}}
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
func (n *memNet) reach(from, to netip.AddrPort, packet bool) *memTransport {
	if !n.Passes(from, to, packet) {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
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
	case host.streams <- clustertest.Conn{Conn: far, Remote: t.at}:
		return clustertest.Conn{Conn: near, Remote: to}, nil
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
