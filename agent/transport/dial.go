package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"heartsay/membership"
)

// Dial opens a stream to one host, and gives up when ctx ends. Ctx must have a deadline: carriers know deadlines and no
// context, so what is opened after ctx has ended is closed at once, and Close waits for that. The caller must close the
// stream and set its deadlines.
func (t *Transport) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if err := membership.ValidateAddress(to); err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	deadline, ok := ctx.Deadline()
	timeout := time.Until(deadline)
	if !ok || timeout <= 0 {
		return nil, fmt.Errorf("open stream to %s: no time is left", to)
	}
	if !t.dials.begin() {
		return nil, fmt.Errorf("open stream to %s: %w", to, net.ErrClosed)
	}
	type result struct {
		c   net.Conn
		err error
	}
	results := make(chan result)
	go func() {
		defer t.dials.running.Done()
		c, err := t.carrier.DialTimeout(to.String(), timeout)
		select {
		case results <- result{c, err}:
		case <-ctx.Done(): // nobody waits any more
			if err == nil {
				_ = c.Close()
			}
		}
	}()
	select {
	case r := <-results:
		if r.err != nil {
			return nil, fmt.Errorf("open stream to %s: %w", to, r.err)
		}
		return r.c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("open stream to %s: %w", to, context.Cause(ctx))
	}
}

// dials are the streams that are being opened.
type dials struct {
	mu      sync.Mutex // protects closed, and that none begins after it
	closed  bool
	running sync.WaitGroup
}

// begin reports whether one more may begin, which must say running.Done at its end.
func (d *dials) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.running.Add(1)
	}
	return !d.closed
}

// close lets no more begin and waits for those under way.
func (d *dials) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.running.Wait()
}
