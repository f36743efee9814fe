package ratelimit

import (
	"context"
	"sync"
)

// Shared makes what many ask for at once. One is made at a time; who asks meanwhile shares the next one, which is made
// after they asked: nobody gets anything that was old already. [NewShared] makes it. It is safe for concurrent use.
type Shared[T any] struct {
	produce func(context.Context) (T, error)
	turn    chan struct{} // holds a token while one is made

	mu   sync.Mutex
	next *pending[T] // has not begun; nil: nobody waits for it
}

// pending is what has not been made yet. Its other fields may be read when done is closed.
type pending[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// NewShared returns what shares the results of produce.
func NewShared[T any](produce func(context.Context) (T, error)) *Shared[T] {
	return &Shared[T]{produce: produce, turn: make(chan struct{}, 1)}
}

// Get returns a result that was begun after the call, which others may get as well: nobody may change it. The error is
// that of its making, or of ctx.
func (s *Shared[T]) Get(ctx context.Context) (T, error) {
	s.mu.Lock()
	p := s.next
	if p == nil {
		p = &pending[T]{done: make(chan struct{})}
		s.next = p
		go s.run(context.WithoutCancel(ctx), p) // the others who share it may have more time
	}
	s.mu.Unlock()
	select {
	case <-p.done:
		return p.value, p.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (s *Shared[T]) run(ctx context.Context, p *pending[T]) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.mu.Lock()
	s.next = nil // who asks from now on gets another
	s.mu.Unlock()
	defer close(p.done)
	p.value, p.err = s.produce(ctx)
}
