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
	e.clock.set(now)
	views := make([]membership.View, 0, e.table.Len()+1)
	for _, m := range e.table.ByName() {
		views = append(views, e.verdicts.view(m))
	}
	own := e.self.view(&e.clock)
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
		if !yield(e.self.entry(), e.self.state()) {
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
func (e *Engine) Others() int { return e.peers.others() }

// Self returns this member's own entry.
func (e *Engine) Self() membership.Entry { return e.self.entry() }

// Knows reports whether a name is this member's own, or that of somebody in its list.
func (e *Engine) Knows(name string) bool {
	return name == e.self.record.Name || e.table.Get(name) != nil
}
