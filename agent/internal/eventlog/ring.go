// Package eventlog keeps the events of one agent and lets any number of readers follow them.
//
// A [Ring] holds the newest events, numbered without a hole. The loop of the agent alone appends, and never waits: a
// reader that is too slow loses events. A [Follower] is one reader's place in the ring. It is given events in order, or,
// when some are lost to it or its cursor is of another life, a [View] with all members to begin again with. [Views] makes
// those views, one for all who ask at a time.
//
// The readers are the streams of the local API, the handlers, and programs that embed the agent; each has a goroutine of
// its own. What an event or a view points to is shared by all of them, and nobody changes it.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"heartsay/api"
)

// ErrClosed is what [Ring.Wait] returns when no further event will come.
var ErrClosed = errors.New("the agent has no more events: it is stopping")

// ringChunk is how many events lie side by side in memory. A reader that holds on to what [Ring.Read] returned keeps
// one chunk alive, not the whole ring.
const ringChunk = 64

// Ring holds the newest events of one agent, numbered from 1 without a hole. One goroutine appends, any number read;
// each reader keeps its own place, the number of the event that it read last. A reader never makes the writer wait: it
// loses events instead, and is told.
type Ring struct {
	epoch    string
	capacity uint64

	mu     sync.RWMutex
	chunks [][]api.Event // of ringChunk events each, the last may have fewer; what a slice shows never changes
	first  uint64        // number of the first event of chunks[0]
	last   uint64        // number of the newest event, 0 before the first
	closed bool
	waited bool          // somebody waits for news
	news   chan struct{} // closed and replaced when there is news and somebody waits
}

// NewRing returns an empty ring that keeps the newest capacity events, at least 1, of an epoch, see [NewEpoch].
func NewRing(capacity int, epoch string) *Ring {
	return &Ring{epoch: epoch, capacity: uint64(max(capacity, 1)), first: 1, news: make(chan struct{})}
}

// NewEpoch returns a name for the life of an agent that starts now: 20 digits or more of lower-case hex. Later lives
// sort behind earlier ones as long as the clock does not go back.
func NewEpoch(now time.Time, random uint64) string {
	return fmt.Sprintf("%012x%08x", uint64(max(now.UnixMilli(), 0)), uint32(random))
}

// Epoch returns the epoch of the events: the life of the agent within which the numbers count.
func (r *Ring) Epoch() string { return r.epoch }

// Capacity returns how many events the ring holds at most.
func (r *Ring) Capacity() int { return int(r.capacity) }

// Last returns the number of the newest event, 0 before the first.
func (r *Ring) Last() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.last
}

// Kept returns how many events the ring holds.
func (r *Ring) Kept() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.last + 1 - r.oldest()
}

// Append adds events, whose Epoch and Seq it sets, and wakes all who wait, once. What the events point to must not
// change from then on. After Close it does nothing.
func (r *Ring) Append(events ...api.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(events) == 0 {
		return
	}
	for _, e := range events {
		r.last++
		e.Epoch, e.Seq = r.epoch, r.last
		r.push(e)
	}
	for r.first+ringChunk <= r.oldest() {
		r.chunks[0] = nil
		r.chunks = r.chunks[1:]
		r.first += ringChunk
	}
	r.wake()
}

// push stores the newest event.
func (r *Ring) push(e api.Event) {
	if n := len(r.chunks); n == 0 || len(r.chunks[n-1]) == ringChunk {
		r.chunks = append(r.chunks, make([]api.Event, 0, ringChunk))
	}
	chunk := &r.chunks[len(r.chunks)-1]
	*chunk = append(*chunk, e) // never moves: no reader's slice changes
}

// oldest returns the number of the oldest event that is kept, or of the next one when there is none.
func (r *Ring) oldest() uint64 {
	if r.last < r.capacity {
		return 1
	}
	return r.last - r.capacity + 1
}

// Read returns events that follow the one numbered after, in order and without a hole, and none when there is none
// yet. They may not be all: go on with the number of the last one. Lost reports that the event after "after" is not
// kept any more, or that after is ahead of the newest: the reader cannot go on and needs a new view. The oldest events
// that are kept are returned all the same.
//
// The slice is shared between readers and must not be changed; nobody else changes it either.
func (r *Ring) Read(after uint64) (events []api.Event, lost bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if after == r.last {
		return nil, false
	}
	next := after + 1
	if oldest := r.oldest(); next < oldest || after > r.last {
		next, lost = oldest, true
	}
	if next > r.last {
		return nil, lost
	}
	i := next - r.first
	chunk := r.chunks[i/ringChunk]
	return chunk[i%ringChunk : len(chunk) : len(chunk)], lost
}

// Wait returns nil when there is an event with a number above after, at once or when it comes. It returns the error
// of ctx when that ends first, and [ErrClosed] when there is none and the ring is closed.
func (r *Ring) Wait(ctx context.Context, after uint64) error {
	for {
		news, err := r.newsAfter(after)
		if news == nil {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// newsAfter returns a channel that is closed at the next change, or nil and what Wait returns now.
func (r *Ring) newsAfter(after uint64) (<-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.last > after:
		return nil, nil
	case r.closed:
		return nil, ErrClosed
	}
	r.waited = true
	return r.news, nil
}

// wake makes all who wait look again. With nobody waiting it costs nothing.
func (r *Ring) wake() {
	if r.waited {
		close(r.news)
		r.news, r.waited = make(chan struct{}), false
	}
}

// Close wakes all who wait; no event is added from then on. What is kept can still be read. It may be called again.
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.wake()
}
