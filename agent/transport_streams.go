package agent

import (
	"net"
	"sync"
)

// openStreams holds the accepted streams that are open, MaxStreams at most.
type openStreams struct {
	mu  sync.Mutex
	all map[*placedStream]struct{}
}

// placedStream is a stream that holds a place until it is closed.
type placedStream struct {
	net.Conn
	places *openStreams
}

// Close closes the stream and frees its place. Only the first call frees it.
func (s *placedStream) Close() error {
	s.places.mu.Lock()
	delete(s.places.all, s)
	s.places.mu.Unlock()
	return s.Conn.Close()
}

// add returns c with a place of its own, or nil when every place is taken.
func (o *openStreams) add(c net.Conn) *placedStream {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.all) >= MaxStreams {
		return nil
	}
	if o.all == nil {
		o.all = make(map[*placedStream]struct{}, MaxStreams)
	}
	s := &placedStream{c, o}
	o.all[s] = struct{}{}
	return s
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
