package ports

import (
	"context"
	"net/netip"
	"sync"
)

// Work bounds what is worked on at once.
type Work struct {
	places, share int

	mu      sync.Mutex
	taken   int
	sources map[netip.Addr]int // places of each source
	freed   chan struct{}      // closed and replaced when a place is free again
}

// NewWork returns room for so much work at once, of one source no more than a share of it.
func NewWork(places, share int) *Work {
	return &Work{places: places, share: share, sources: map[netip.Addr]int{}, freed: make(chan struct{})}
}

// Try reports whether there is room for the work of a source, and takes it until done is called. The zero source and
// loopback, which anybody on this host may be, have no bound of their own.
func (w *Work) Try(source netip.Addr) (done func(), ok bool) {
	done, _ = w.try(source)
	return done, done != nil
}

// Begin is the same, and waits for room until ctx ends. The error is that of ctx.
func (w *Work) Begin(ctx context.Context, source netip.Addr) (done func(), err error) {
	for {
		done, freed := w.try(source)
		if done != nil {
			return done, nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// try returns what ends the work, nil when there is no room; freed is closed when it is worth to try again.
func (w *Work) try(source netip.Addr) (done func(), freed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	bound := source.IsValid() && !source.IsLoopback()
	if w.taken >= w.places || bound && w.sources[source] >= w.share {
		return nil, w.freed
	}
	w.taken++
	w.sources[source]++
	return sync.OnceFunc(func() { w.end(source) }), nil
}

func (w *Work) end(source netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken--
	if w.sources[source]--; w.sources[source] == 0 {
		delete(w.sources, source)
	}
	close(w.freed)
	w.freed = make(chan struct{})
}
