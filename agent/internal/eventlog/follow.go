package eventlog

import (
	"context"
	"iter"
	"time"

	"heartsay/api"
)

// Follower is one reader's place in the events: what comes next for it, and when it must begin again with a view. One
// goroutine uses it.
type Follower struct {
	views *Views
	after uint64 // number of the last event seen
	why   string // why a reset is due; "" when none is
}

// Portion is what a follower gets at a time: a view to begin again with, or events in order. Neither is nothing new.
type Portion struct {
	View   *View
	reason string      // of the reset that view is for
	Lost   uint64      // events that the view stands for and that were not seen
	Events []api.Event // shared, not to be changed
}

// eventsLost is the reason of a reset that a reader did not ask for.
const eventsLost = "events were lost"

// Follow returns a follower that begins where q says: by default behind the newest event, so that nothing is missed
// from this call on. What q says of types is for the caller to heed.
func (v *Views) Follow(q Query) *Follower {
	f := &Follower{views: v, after: v.ring.Last()}
	switch {
	case q.snapshot:
		f.why = "asked for"
	case !q.After.IsZero() && q.After.Epoch != v.ring.Epoch():
		f.why = "the cursor is of another life of this agent"
	case !q.After.IsZero():
		f.after = q.After.Seq
	case q.fromStart:
		f.after = 0
	}
	return f
}

// FollowFrom returns a follower that has seen all events up to from.
func (v *Views) FollowFrom(from View) *Follower { return &Follower{views: v, after: from.Seq} }

// Next returns what has come since, without waiting for more. The error is that of making a view; then nothing moved.
func (f *Follower) Next(ctx context.Context) (Portion, error) {
	if f.why == "" {
		events, lost := f.views.ring.Read(f.after)
		if !lost {
			if n := len(events); n > 0 {
				f.after = events[n-1].Seq
			}
			return Portion{Events: events}, nil
		}
		f.why = eventsLost
	}
	v, err := f.views.Get(ctx)
	if err != nil {
		return Portion{}, err
	}
	p := Portion{View: &v, reason: f.why}
	if f.why == eventsLost && v.Seq > f.after {
		p.Lost = v.Seq - f.after
	}
	f.after, f.why = v.Seq, ""
	return p, nil
}

// Wait returns nil when next has something to return, at once or when it comes. It returns the error of ctx when that
// ends first, and [ErrClosed] when there is nothing and nothing will come.
func (f *Follower) Wait(ctx context.Context) error {
	if f.why != "" {
		return nil
	}
	return f.views.ring.Wait(ctx, f.after)
}

// Cursor names the last event that Next has returned, or that its view stands for.
func (f *Follower) Cursor() api.Cursor { return api.Cursor{Epoch: f.views.ring.Epoch(), Seq: f.after} }

// Events is the whole of following for readers in this process: what r asks for, one event after the other. The loop
// ends when the caller leaves it, or after one last pair with an error: that of ctx, [ErrClosed] when all was told
// and no more will come, or what is wrong with r.
func (v *Views) Events(ctx context.Context, r api.EventsRequest) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		q, err := NewQuery(r)
		if err != nil {
			yield(api.Event{}, err)
			return
		}
		for f := v.Follow(q); ; {
			p, err := f.Next(ctx)
			if err == nil && p.Empty() {
				err = f.Wait(ctx)
			}
			if err != nil {
				yield(api.Event{}, err)
				return
			}
			for e := range p.all(q) {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// Empty reports whether a portion is nothing new.
func (p Portion) Empty() bool { return p.View == nil && len(p.Events) == 0 }

// Reset returns the event that says that what was known is void, without the members. The portion must have a view.
func (p Portion) Reset() api.Event {
	e := api.Event{Epoch: p.View.epoch, Seq: p.View.Seq, Time: time.Now().UTC(), Type: api.EventReset, Reason: p.reason}
	e.Member.Tags = map[string]string{}
	return e
}

// all returns what q wants of a portion: its events, or the reset with its members.
func (p Portion) all(q Query) iter.Seq[api.Event] {
	return func(yield func(api.Event) bool) {
		if p.View != nil {
			e := p.Reset()
			e.Members = p.View.Members
			yield(e)
			return
		}
		for _, e := range p.Events {
			if q.Wants(e.Type) && !yield(e) {
				return
			}
		}
	}
}
