package eventlog

import (
	"context"
	"encoding/json"
	"sync"

	"heartsay/api"
)

// View is all members at one moment, and the number of the event after which to go on. It is shared and must not be
// changed. The zero value is the view before the first event.
type View struct {
	epoch   string
	Seq     uint64
	Members []api.Member
	encode  func() []byte // see json; nil in the zero value
}

// Views makes views to begin again with. Those who ask while one is being made share it, so that thousands of readers
// who are lost at once cost the agent one snapshot. It is safe for concurrent use.
type Views struct {
	ring    *Ring
	members func(context.Context) (api.Members, error)

	mu     sync.Mutex
	making *making // nil: nobody asks
}

// making is a view that is being made. Its fields may be read when done is closed.
type making struct {
	done chan struct{}
	view View
	err  error
}

// NewViews returns views of what members returns, for readers of ring. At each call members must hold the effect of
// every event that is in the ring by then.
func NewViews(ring *Ring, members func(context.Context) (api.Members, error)) *Views {
	return &Views{ring: ring, members: members}
}

// Get returns a view. The number is read before the view is made: an event in between then follows although the view
// holds its effect, and none is ever missed. The error is that of the members, or of ctx.
func (v *Views) Get(ctx context.Context) (View, error) {
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
		return View{}, ctx.Err()
	}
}

// Last returns the number of the newest event, 0 before the first.
func (v *Views) Last() uint64 { return v.ring.Last() }

func (v *Views) make(ctx context.Context, m *making) {
	m.view.epoch, m.view.Seq = v.ring.Epoch(), v.ring.Last()
	all, err := v.members(ctx)
	m.err = err
	if all.Members == nil {
		all.Members = []api.Member{}
	}
	m.view.Members = all.Members
	m.view.encode = sync.OnceValue(func() []byte {
		data, err := json.Marshal(all.Members)
		if err != nil {
			panic("eventlog: " + err.Error()) // the members of an API answer have a JSON form
		}
		return data
	})
	v.mu.Lock()
	v.making = nil
	v.mu.Unlock()
	close(m.done)
}

// JSON returns the members as JSON, encoded once for all readers. The caller must not change it.
func (v View) JSON() []byte { return v.encode() }
