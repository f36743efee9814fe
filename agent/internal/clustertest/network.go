// Package clustertest is what tests of nodes and of agents on a network in memory share: the rules of the network, names that
// a test resolves, and what a test waits for (views.go). All of it is for virtual time (testing/synctest).
package clustertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
)

// Network says which packets and streams get through. The zero value is not valid: see [NewNetwork]. Its methods are safe for
// concurrent use.
type Network struct {
	mu    sync.Mutex
	rng   *rand.Rand
	loss  float64
	cut   func(from, to netip.AddrPort) bool
	block func(from, to netip.AddrPort) bool
}

// NewNetwork returns a network on which everything gets through.
func NewNetwork(seed uint64) *Network { return &Network{rng: rand.New(rand.NewPCG(seed, 0))} }

// Split cuts the network between the hosts named and all others; without hosts it heals it.
func (n *Network) Split(side ...netip.AddrPort) {
	in := map[netip.AddrPort]bool{}
	for _, a := range side {
		in[a] = true
	}
	n.Cut(func(from, to netip.AddrPort) bool { return in[from] != in[to] })
}

// Cut drops the packets and refuses the streams for which f says so, in place of the last Split or Cut. Calls of f come one by
// one.
func (n *Network) Cut(f func(from, to netip.AddrPort) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = f
}

// BlockUDP drops the packets for which f says so, and no streams.
func (n *Network) BlockUDP(f func(from, to netip.AddrPort) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.block = f
}

// Lose sets the share of packets that are lost.
func (n *Network) Lose(share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss = share
}

// Passes reports whether a packet or a stream gets through.
func (n *Network) Passes(from, to netip.AddrPort, packet bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut != nil && n.cut(from, to) {
		return false
	}
	return !packet || n.rng.Float64() >= n.loss && (n.block == nil || !n.block(from, to))
}

// Conn is an end of a pipe that knows who is at the other.
type Conn struct {
	net.Conn
	Remote netip.AddrPort
}

// RemoteAddr returns the address of the other side, as a TCP connection does.
func (c Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.Remote) }

// Names resolves the names of hosts from a table. The zero value knows none.
type Names struct {
	mu    sync.Mutex
	hosts map[string][]netip.Addr
}

// Set sets the addresses of a host.
func (d *Names) Set(host string, ips ...netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hosts == nil {
		d.hosts = map[string][]netip.Addr{}
	}
	d.hosts[host] = ips
}

// LookupNetIP returns the addresses of a host, as [net.Resolver.LookupNetIP] does.
func (d *Names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ips := d.hosts[host]; len(ips) > 0 {
		return ips, nil
	}
	return nil, fmt.Errorf("no such host %s", host)
}
