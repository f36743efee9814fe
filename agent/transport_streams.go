package agent

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// openStreams holds the accepted streams that are open, as many as there are places at most.
type openStreams struct {
	places int // fixed

	mu     sync.Mutex
	all    map[*placedStream]struct{}
	shares map[netip.Addr]int // places of each source
}

// placedStream is a stream that holds a place until it is closed.
type placedStream struct {
	net.Conn
	places *openStreams
	source netip.Addr
}

// Close closes the stream and frees its place. Only the first call frees it.
func (s *placedStream) Close() error {
	s.places.mu.Lock()
	if _, open := s.places.all[s]; open {
		delete(s.places.all, s)
		if s.places.shares[s.source]--; s.places.shares[s.source] == 0 {
			delete(s.places.shares, s.source)
		}
	}
	s.places.mu.Unlock()
	return s.Conn.Close()
}

// add returns c with a place of its own, or the counter of the reason why it gets none: every place is taken, or all
// that its source may have.
func (o *openStreams) add(c net.Conn, source netip.Addr, drops *wireDrops) (*placedStream, *atomic.Uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.all) >= o.places:
		return nil, &drops.streamLimit
	case o.shares[source] >= MaxStreamShare && source.IsValid():
		return nil, &drops.streamShare
	}
	if o.all == nil {
		o.all, o.shares = make(map[*placedStream]struct{}, MaxStreams), map[netip.Addr]int{}
	}
	s := &placedStream{c, o, source}
	o.all[s] = struct{}{}
	o.shares[source]++
	return s, nil
}

// streamPlaces returns how many accepted streams may be open at once: MaxStreams, but no more than a quarter of the
// file descriptors that this process may have, or strangers could keep the agent from its state file and its API.
func streamPlaces() int {
	const least = 4
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return MaxStreams
	}
	return int(min(MaxStreams, max(limit.Cur/4, least)))
}

// closeAll closes every stream that is open.
func (o *openStreams) closeAll() {
	o.mu.Lock()
	streams := o.all
	o.all = nil
	o.mu.Unlock()
	for s := range streams {
		_ = s.Conn.Close()
	}
}
