package agent

import (
	"context"
	"iter"
	"time"

	"heartsay/api"
)

// follower is one reader's place in the events: what comes next for it, and when it must begin again with a view. One
// goroutine uses it.
type follower struct {
	views *views
	after uint64 // number of the last event seen
	why   string // why a reset is due; "" when none is
}

// portion is what a follower gets at a time: a view to begin again with, or events in order. Neither is nothing new.
type portion struct {
	view   *view
	reason string      // of the reset that view is for
	lost   uint64      // events that the view stands for and that were not seen
	events []api.Event // shared, not to be changed
}

// eventsLost is the reason of a reset that a reader did not ask for.
const eventsLost = "events were lost"

// follow returns a follower that begins where q says: by default behind the newest event, so that nothing is missed
// from this call on. What q says of types is for the caller to heed.
func (v *views) follow(q eventQuery) *follower {
	f := &follower{views: v, after: v.ring.Last()}
	switch {
	case q.snapshot:
		f.why = "asked for"
	case q.epoch != "" && q.epoch != v.ring.Epoch():
		f.why = "the cursor is of another life of this agent"
	case q.epoch != "":
		f.after = q.seq
	}
	return f
}

// followFrom returns a follower that has seen all events up to from.
func (v *views) followFrom(from view) *follower { return &follower{views: v, after: from.seq} }

// next returns what has come since, without waiting for more. The error is that of making a view; then nothing moved.
func (f *follower) next(ctx context.Context) (portion, error) {
	if f.why == "" {
		events, lost := f.views.ring.Read(f.after)
		if !lost {
			if n := len(events); n > 0 {
				f.after = events[n-1].Seq
			}
			return portion{events: events}, nil
		}
		f.why = eventsLost
	}
	v, err := f.views.get(ctx)
	if err != nil {
		return portion{}, err
	}
	p := portion{view: &v, reason: f.why}
	if f.why == eventsLost && v.seq > f.after {
		p.lost = v.seq - f.after
	}
	f.after, f.why = v.seq, ""
	return p, nil
}

// wait returns nil when next has something to return, at once or when it comes. It returns the error of ctx when that
// ends first, and [ErrRingClosed] when there is nothing and nothing will come.
func (f *follower) wait(ctx context.Context) error {
	if f.why != "" {
		return nil
	}
	return f.views.ring.Wait(ctx, f.after)
}

// seen returns the number of the last event that next has returned, or which its view stands for.
func (f *follower) seen() uint64 { return f.after }

// epoch returns the epoch of the events.
func (f *follower) epoch() string { return f.views.ring.Epoch() }

// events is the whole of following for readers in this process: what r asks for, one event after the other. The loop
// ends when the caller leaves it, or after one last pair with an error: that of ctx, [ErrRingClosed] when all was told
// and no more will come, or what is wrong with r.
func (v *views) events(ctx context.Context, r api.EventsRequest) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		q, err := newEventQuery(r)
		if err != nil {
			yield(api.Event{}, err)
			return
		}
		for f := v.follow(q); ; {
			p, err := f.next(ctx)
			if err == nil && p.empty() {
				err = f.wait(ctx)
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

// empty reports whether a portion is nothing new.
func (p portion) empty() bool { return p.view == nil && len(p.events) == 0 }

// reset returns the event that says that what was known is void, without the members. The portion must have a view.
func (p portion) reset() api.Event {
	e := api.Event{Epoch: p.view.epoch, Seq: p.view.seq, Time: time.Now().UTC(), Type: api.EventReset, Reason: p.reason}
	e.Member.Tags = map[string]string{}
	return e
}

// all returns what q wants of a portion: its events, or the reset with its members.
func (p portion) all(q eventQuery) iter.Seq[api.Event] {
	return func(yield func(api.Event) bool) {
		if p.view != nil {
			e := p.reset()
			e.Members = p.view.members
			yield(e)
			return
		}
		for _, e := range p.events {
			if q.wants(e.Type) && !yield(e) {
				return
			}
		}
	}
}
