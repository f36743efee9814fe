package gossip

import (
	"iter"
	"sort"
	"time"

	"heartsay/membership"
)

// Snapshot returns what this member knows and thinks of all members at this moment, itself included, sorted by name.
// The result is the caller's and never changes.
func (e *Engine) Snapshot(now time.Time) []membership.View {
	e.setClock(now)
	views := make([]membership.View, 0, e.table.Len()+1)
	for _, m := range e.table.ByName() {
		views = append(views, e.view(m))
	}
	own := e.selfView()
	i := sort.Search(len(views), func(i int) bool { return views[i].Record.Name > own.Record.Name })
	views = append(views, own)
	copy(views[i+1:], views[i:])
	views[i] = own
	return views
}

// Entries returns what this member knows of all members at this moment, itself included, and what it thinks of them, in
// no particular order. It is cheaper than a snapshot, and valid until the next input.
func (e *Engine) Entries() iter.Seq2[membership.Entry, membership.State] {
	return func(yield func(membership.Entry, membership.State) bool) {
		if !yield(e.selfEntry(), e.selfState()) {
			return
		}
		for _, m := range e.table.All() {
			if !yield(m.Entry, m.State) {
				return
			}
		}
	}
}

// Others returns how many other members are present.
func (e *Engine) Others() int {
	return e.table.Count(membership.Alive) + e.table.Count(membership.Suspect)
}

// Self returns this member's own entry.
func (e *Engine) Self() membership.Entry { return e.selfEntry() }

func (e *Engine) view(m *membership.Member) membership.View {
	suspect, dead := e.limits(m)
	v := membership.View{
		Record: m.Record, Heartbeat: m.Heartbeat, State: m.State, Since: e.time(m.Since),
		Phi: e.phi(m), Silence: e.silence(m), SuspectAfter: suspect, DeadAfter: dead,
	}
	if at, ok := m.Direct(); ok {
		v.Direct = e.time(at)
	}
	return v
}

func (e *Engine) selfView() membership.View {
	since := e.self.began.Add(e.self.record.Interval)
	if e.self.record.Leaving {
		since = e.now
	}
	return membership.View{
		Record: e.self.record, Heartbeat: e.self.heartbeat, State: e.selfState(), Since: e.time(since),
	}
}

func (e *Engine) selfState() membership.State {
	if e.self.record.Leaving {
		return membership.Left
	}
	return membership.Alive
}
