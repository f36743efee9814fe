package ratelimit

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// Reasons why [Conns.Add] has no place for a connection.
var (
	ErrFull  = errors.New("every place is taken")
	ErrShare = errors.New("its source has as many places as one may have")
)

// Conns are the accepted connections of a port that are open, as many as there are places at most. It is safe for
// concurrent use.
type Conns struct {
	places, share int

	mu      sync.Mutex
	open    map[*placed]struct{}
	sources map[netip.Addr]int // places of each source
}

// NewConns returns room for so many connections, of one source no more than a share of them.
func NewConns(places, share int) *Conns {
	return &Conns{places: places, share: share, open: map[*placed]struct{}{}, sources: map[netip.Addr]int{}}
}

// placed is a connection that holds a place until it is closed.
type placed struct {
	net.Conn
	conns  *Conns
	source netip.Addr
}

// Close closes the connection and frees its place. Only the first call frees it.
func (p *placed) Close() error {
	p.conns.mu.Lock()
	if _, open := p.conns.open[p]; open {
		delete(p.conns.open, p)
		if p.conns.sources[p.source]--; p.conns.sources[p.source] == 0 {
			delete(p.conns.sources, p.source)
		}
	}
	p.conns.mu.Unlock()
	return p.Conn.Close()
}

// Add returns c with a place of its own, until it is closed. The error is [ErrFull], or [ErrShare] for a source that
// has its share; the zero source has no bound of its own. After an error c is still open.
func (o *Conns) Add(c net.Conn, source netip.Addr) (net.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.open) >= o.places:
		return nil, ErrFull
	case o.sources[source] >= o.share && source.IsValid():
		return nil, ErrShare
	}
	p := &placed{c, o, source}
	o.open[p] = struct{}{}
	o.sources[source]++
	return p, nil
}

// Close closes every connection that is open.
func (o *Conns) Close() {
	o.mu.Lock()
	open := o.open
	o.open, o.sources = map[*placed]struct{}{}, map[netip.Addr]int{}
	o.mu.Unlock()
	for p := range open {
		_ = p.Conn.Close()
	}
}

// Places returns how many connections of a port may be open at once: most, but no more than a quarter of the file
// descriptors that this process may have, or strangers could keep the program from its own files.
func Places(most int) int {
	const least = 4
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return int(min(uint64(most), max(limit.Cur/4, least)))
}

// Source returns what counts as one source: an IPv4 address, or the network of 64 bits that one host may have for
// itself in IPv6 [RFC 4291, 2.5.1].
func Source(ip netip.Addr) netip.Addr {
	if !ip.Is6() {
		return ip
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip
	}
	return network.Addr()
}
