package agent

import (
	"context"
	"encoding/json"
	"iter"
	"sync"

	"heartsay/api"
)

// view is a whole view and the number of the event after which to go on. It is shared and must not be changed.
type view struct {
	seq     uint64
	members []api.Member
	encode  func() []byte // members as JSON, made once however many readers need it
}

// views makes views to begin again with. Those who ask while one is being made share it, so that thousands of readers
// who are lost at once cost the loop one snapshot. It is safe for concurrent use.
type views struct {
	ring    *Ring
	members func(context.Context) (api.Members, error)

	mu     sync.Mutex
	making *making // nil: nobody asks
}

// making is a view that is being made. Its fields may be read when done is closed.
type making struct {
	done chan struct{}
	view view
	err  error
}

func newViews(ring *Ring, members func(context.Context) (api.Members, error)) *views {
	return &views{ring: ring, members: members}
}

// get returns a view. The number is read before the view is made: an event in between then follows although the view
// holds its effect, and none is ever missed.
func (v *views) get(ctx context.Context) (view, error) {
	v.mu.Lock()
	m := v.making
	if m == nil {
		m = &making{done: make(chan struct{})}
		v.making = m
		go v.make(context.WithoutCancel(ctx), m) // the others who share it may have more time
	}
	v.mu.Unlock()
	select {
	case <-m.done:
		return m.view, m.err
	case <-ctx.Done():
		return view{}, ctx.Err()
	}
}

func (v *views) make(ctx context.Context, m *making) {
	m.view.seq = v.ring.Last()
	all, err := v.members(ctx)
	m.err = err
	if all.Members == nil {
		all.Members = []api.Member{}
	}
	m.view.members = all.Members
	m.view.encode = sync.OnceValue(func() []byte {
		data, err := json.Marshal(all.Members)
		if err != nil {
			panic("agent: " + err.Error()) // the members of an API answer have a JSON form
		}
		return data
	})
	v.mu.Lock()
	v.making = nil
	v.mu.Unlock()
	close(m.done)
}

// follower is one reader's place in the events: what comes next for it, and when it must begin again with a view.
type follower struct {
	ring  *Ring
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

// newFollower returns a follower that begins where q says: by default behind the newest event, so that nothing is
// missed from this call on.
func newFollower(ring *Ring, v *views, q eventsQuery) *follower {
	f := &follower{ring: ring, views: v, after: ring.Last()}
	switch {
	case q.snapshot:
		f.why = "asked for"
	case q.epoch != "" && q.epoch != ring.Epoch():
		f.why = "the cursor is of another life of this agent"
	case q.epoch != "":
		f.after = q.seq
	}
	return f
}

// next returns what has come since, without waiting for more. The error is that of making a view; then nothing moved.
func (f *follower) next(ctx context.Context) (portion, error) {
	if f.why == "" {
		events, lost := f.ring.Read(f.after)
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

// cursor returns the place as others write it.
func (f *follower) cursor() string { return FormatCursor(f.ring.Epoch(), f.after) }

// Follow returns the agent's events in their order, for programs that embed it. It is what [api.Client.Events] is
// over the socket: it begins with what happens from now on, unless r says otherwise; a caller that falls more than
// 4,096 events behind gets a reset with the whole view in place of what it missed. What an event points to is shared
// and must not be changed. The loop ends when the caller leaves it, or after one last pair with an error: that of ctx,
// [ErrRingClosed] when the agent was closed and all was told, or what is wrong with r.
func (a *Agent) Follow(ctx context.Context, r api.EventsRequest) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		q, err := queryOf(r)
		if err != nil {
			yield(api.Event{}, err)
			return
		}
		f := newFollower(a.ring, a.views, q)
		for {
			p, err := f.next(ctx)
			if err == nil && p.empty() {
				err = a.ring.Wait(ctx, f.after)
			}
			if err != nil {
				yield(api.Event{}, err)
				return
			}
			if !p.each(a.ring.Epoch(), q, func(e api.Event) bool { return yield(e, nil) }) {
				return
			}
		}
	}
}

// queryOf returns what r asks for.
func queryOf(r api.EventsRequest) (q eventsQuery, err error) {
	if q.types, err = checkTypes(r.Types); err != nil {
		return q, err
	}
	q.snapshot = r.Snapshot
	if r.After != "" {
		q.epoch, q.seq, err = ParseCursor(r.After)
	}
	return q, err
}

func (p portion) empty() bool { return p.view == nil && len(p.events) == 0 }

// each hands what q wants of a portion to f, until f returns false, and reports whether it never did.
func (p portion) each(epoch string, q eventsQuery, f func(api.Event) bool) bool {
	if p.view != nil {
		e := resetEvent(epoch, p)
		e.Members = p.view.members
		return f(e)
	}
	for _, e := range p.events {
		if q.wants(e.Type) && !f(e) {
			return false
		}
	}
	return true
}
