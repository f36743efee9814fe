package agent

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"heartsay/agent/internal/clustertest"
)

// memNet is a network in memory for agents in virtual time: packets take a millisecond and may be lost, streams are
// pipes. Its transports are what memberlist's would be to an agent.
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
		net: n, at: at, packets: make(chan *memberlist.Packet), streams: make(chan net.Conn), down: make(chan struct{}),
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

type memTransport struct {
	net     *memNet
	at      netip.AddrPort
	packets chan *memberlist.Packet
	streams chan net.Conn
	down    chan struct{}
	once    sync.Once
	lost    atomic.Uint64 // packets, as far as a test says so
}

var _ memberlist.Transport = (*memTransport)(nil)

const memDelay = time.Millisecond

func (t *memTransport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IP(t.at.Addr().AsSlice()), int(t.at.Port()), nil
}

func (t *memTransport) WriteTo(b []byte, addr string) (time.Time, error) {
	to := t.net.reach(t.at, netip.MustParseAddrPort(addr), true)
	if to == nil {
		return time.Now(), nil
	}
	p := &memberlist.Packet{Buf: append([]byte(nil), b...), From: net.UDPAddrFromAddrPort(t.at)}
	time.AfterFunc(memDelay, func() {
		p.Timestamp = time.Now()
		select {
		case to.packets <- p:
		case <-to.down:
		}
	})
	return time.Now(), nil
}

// Lost returns how many packets did not get as far as PacketCh.
func (t *memTransport) Lost() uint64 { return t.lost.Load() }

func (t *memTransport) PacketCh() <-chan *memberlist.Packet { return t.packets }
func (t *memTransport) StreamCh() <-chan net.Conn           { return t.streams }

func (t *memTransport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	at := netip.MustParseAddrPort(addr)
	time.Sleep(2 * memDelay)
	to := t.net.reach(t.at, at, false)
	if to == nil {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	select {
	case to.streams <- clustertest.Conn{Conn: far, Remote: t.at}:
		return clustertest.Conn{Conn: near, Remote: at}, nil
	case <-to.down:
		return nil, errors.New("connection refused")
	case <-time.After(timeout):
		return nil, os.ErrDeadlineExceeded
	}
}

func (t *memTransport) Shutdown() error {
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
