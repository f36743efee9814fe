package gossip

import (
	"sort"
	"time"

	"heartsay/membership"
)

// Snapshot returns what this member knows and thinks of all members at this moment, itself included, sorted by name.
// The result is the caller's and never changes.
func (e *Engine) Snapshot(now time.Time) []membership.View {
	e.now, e.wall = max(e.now, membership.Instant(now.Sub(e.origin))), now
	views := make([]membership.View, 0, e.table.Len()+1)
	for _, m := range e.table.All() {
		views = append(views, e.view(m))
	}
	own := e.selfView()
	i := sort.Search(len(views), func(i int) bool { return views[i].Record.Name > own.Record.Name })
	views = append(views, own)
	copy(views[i+1:], views[i:])
	views[i] = own
	return views
}

// Others returns how many other members are present.
func (e *Engine) Others() (n int) {
	for _, m := range e.table.All() {
		if m.State.Present() {
			n++
		}
	}
	return n
}

// Self returns this member's own entry.
func (e *Engine) Self() membership.Entry { return e.selfEntry() }

func (e *Engine) view(m *membership.Member) membership.View {
	v := membership.View{
		Record: m.Record, Heartbeat: m.Heartbeat, State: m.State, Since: e.time(m.Since),
		Phi: e.phi(m), Silence: m.Silence(e.now, e.stall.pardon), SuspectAfter: m.SuspectAfter, DeadAfter: m.DeadAfter,
	}
	if m.HasDirect {
		v.Direct = e.time(m.Direct)
	}
	return v
}

func (e *Engine) selfView() membership.View {
	state, since := membership.Alive, e.self.began.Add(e.self.record.Interval)
	if e.self.record.Leaving {
		state, since = membership.Left, e.now
	}
	return membership.View{
		Record: e.self.record, Heartbeat: e.self.heartbeat, State: state, Since: e.time(since),
	}
}
