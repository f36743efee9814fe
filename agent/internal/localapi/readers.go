package localapi

import (
	"sync"
	"sync/atomic"
	"time"

	"heartsay/api"
)

// maxReaders is how many streams of events may be open at once. Each costs a few KiB and a file descriptor.
const maxReaders = 10_000

// readers are the open streams of events. It is safe for concurrent use.
type readers struct {
	slow   atomic.Uint64 // disconnected since they took nothing
	resets atomic.Uint64 // sent

	mu       sync.Mutex
	streams  map[*eventStream]struct{}
	reserved int           // streams open or about to be
	max      int           // see maxReaders
	none     chan struct{} // closed when there is none any more; nil unless somebody waits for that
}

// ReaderStats are counts of those who read the events over the API.
type ReaderStats struct {
	Open   int    // now
	Slow   uint64 // disconnected since they took nothing for ten seconds
	Resets uint64 // whole views sent, asked for or in place of events that were lost
}

func newReaders() *readers { return &readers{streams: map[*eventStream]struct{}{}, max: maxReaders} }

// reserve makes room for one more stream; release gives it back. The error says that there is none.
func (r *readers) reserve() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reserved >= r.max {
		return &api.Error{Code: api.CodeUnavailable,
			Message: "as many programs follow the events as the agent allows: end one of them first"}
	}
	r.reserved++
	return nil
}

func (r *readers) open(s *eventStream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams[s] = struct{}{}
}

// release closes s, unless it was never opened, and gives its room back.
func (r *readers) release(s *eventStream) {
	if s != nil {
		_ = s.conn.Close() // what could be sent was sent
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.streams, s)
	if r.reserved--; r.reserved == 0 && r.none != nil {
		close(r.none)
		r.none = nil
	}
}

// wait returns when no stream is open any more. At giveUp it breaks off those that are.
func (r *readers) wait(giveUp <-chan time.Time) {
	r.mu.Lock()
	if r.reserved == 0 {
		r.mu.Unlock()
		return
	}
	if r.none == nil {
		r.none = make(chan struct{})
	}
	none := r.none
	r.mu.Unlock()
	select {
	case <-none:
		return
	case <-giveUp:
	}
	r.mu.Lock()
	for s := range r.streams {
		_ = s.conn.Close()
	}
	r.mu.Unlock()
}

func (r *readers) stats() ReaderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return ReaderStats{Open: r.reserved, Slow: r.slow.Load(), Resets: r.resets.Load()}
}
