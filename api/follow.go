package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Back-off of a follower that has lost its agent.
const (
	firstRetry   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Follow returns the agent's events as [Client.Events] does, and goes on when the stream breaks off: after a pause of
// 0.1 seconds, which doubles with each attempt up to r.MaxPause, it asks for the events after the last one that it had.
// So the caller sees each event once and in order, over breaks and over restarts of the agent. Where that cannot be, as
// after a restart, it gets a reset with the whole view. An agent that is not there yet is waited for.
//
// The loop ends when the caller leaves it, or after one last pair with an error: the context's own when that ended,
// [ErrNotPermitted], or an [*Error] for a request that the agent declines. r.OnBreak gets all other errors, and
// with r.Persist of these as well, which then end nothing.
func (c *Client) Follow(ctx context.Context, r EventsRequest) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		longest := cmp.Or(r.MaxPause, longestPause)
		for wait := min(firstRetry, longest); ; wait = min(2*wait, longest) {
			at := func(begin Cursor) {
				if wait = min(firstRetry, longest); r.After.IsZero() && !r.Snapshot {
					r.After = begin
				}
			}
			for e, err := range c.stream(ctx, r, at) {
				if err == nil {
					r.After, r.Snapshot = e.Cursor(), false
					if !yield(e, nil) {
						return
					}
					continue
				}
				if ctx.Err() != nil || !r.Persist && !temporary(err) {
					yield(Event{}, err)
					return
				}
				if r.OnBreak != nil {
					r.OnBreak(err)
				}
			}
			if err := pause(ctx, wait); err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

// temporary reports whether the same request may succeed later.
func temporary(err error) bool {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code == CodeUnavailable || refused.Code == CodeTooSlow || refused.Code == CodeInternal
	}
	return errors.Is(err, ErrUnreachable)
}

// pause waits for d, or returns why ctx ended before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// WaitFor returns the members as soon as enough returns true for them: now, or after an event to come. It goes on over
// breaks and restarts of the agent as [Client.Follow] does, so only ctx bounds it. The errors are those of Follow; when
// ctx ended while the agent was not reached, the error holds that reason too. The members are sorted by name, and the
// slice belongs to enough.
func (c *Client) WaitFor(ctx context.Context, enough func([]Member) bool) ([]Member, error) {
	var view View
	var away error // why the agent is not reached at the moment
	request := EventsRequest{Snapshot: true, OnBreak: func(err error) { away = err }}
	for e, err := range c.Follow(ctx, request) {
		switch {
		case err != nil && away != nil:
			return nil, fmt.Errorf("%w: %w", err, away)
		case err != nil:
			return nil, err
		}
		away = nil
		view.Apply(e)
		if members := view.Members(); enough(members) {
			return members, nil
		}
	}
	panic("api: a stream ended without a reason")
}
