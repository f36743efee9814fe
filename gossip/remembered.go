package gossip

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"heartsay/membership"
)

// Remembered members are those that this one knew in its life before (R10). One that it hears of is a member like any other.
// The rest is listed as dead once the maximum time-out has passed since the start, with the retention that is left of theirs:
// a restart must not erase that somebody is missing.
//
//	awaited    not in the list yet; the time-out runs
//	dead       in the list, [membership.Member.Remembered]: it is told to nobody else, since its record is not the owner's
//	heard of   it speaks itself, or begins a new incarnation: alive. Others tell of the same life: its real record is taken, and it
//	           is alive when its heartbeat rises after that (R6)
type awaited struct {
	clock *clock
	self  *self
	table *membership.Table

	members  []Remembered
	began    membership.Instant // when they were remembered
	patience time.Duration      // for how long this member has to listen before it lists those of whom nothing was heard
}

// Remembered is what is kept of a member over a restart.
type Remembered struct {
	Name        string
	Address     netip.AddrPort
	Incarnation uint64
	Heartbeat   uint64        // 0: not known
	Interval    time.Duration // 0: not known
	Gone        time.Time     // since when it has been dead; zero: it was not
}

// NotHeard is the reason of the event when a remembered member is listed as dead.
const NotHeard = "not heard of since this start"

// Remember tells a member that has just started whom it knew in its life before.
func (e *Engine) Remember(now time.Time, members []Remembered) Outputs {
	e.enter(now)
	w := &e.awaited
	w.members, w.began = slices.Clone(members), e.clock.now
	w.patience = e.detector.maxTimeouts(e.self.record.Interval).dead
	return e.finish()
}

// next returns when remembered members are listed as dead, the end of time when none is awaited. After a stall of its own this
// member waits anew (R9): it did not listen meanwhile.
func (w *awaited) next() membership.Instant {
	if len(w.members) == 0 {
		return endOfTime
	}
	return max(w.began, w.clock.countFrom).Add(w.patience)
}

func (w *awaited) has(name string) bool {
	return slices.ContainsFunc(w.members, func(r Remembered) bool { return r.Name == name })
}

// remove stops waiting for a member, and reports whether it was awaited.
func (w *awaited) remove(name string) bool {
	n := len(w.members)
	w.members = slices.DeleteFunc(w.members, func(r Remembered) bool { return r.Name == name })
	return len(w.members) < n
}

// Awaited returns how many members that were there in the life before have not been heard of yet, and have some time left.
func (e *Engine) Awaited() (n int) {
	for _, r := range e.awaited.members {
		if r.Gone.IsZero() && e.awaited.waits(r.Name) {
			n++
		}
	}
	return n
}

// waits reports whether nothing has been heard of a member.
func (w *awaited) waits(name string) bool {
	return name != w.self.record.Name && w.table.Get(name) == nil && !w.table.Tombstone(name)
}

// Memory returns what is to be kept of other members over a restart: of all but those that left.
func (e *Engine) Memory() iter.Seq[Remembered] {
	return func(yield func(Remembered) bool) {
		for _, m := range e.table.All() {
			if m.State != membership.Left && !yield(e.awaited.memoryOf(m)) {
				return
			}
		}
		for _, r := range e.awaited.members {
			if e.awaited.waits(r.Name) && !yield(r) {
				return
			}
		}
	}
}

// memoryOf returns what is kept of a member in the list.
func (w *awaited) memoryOf(m *membership.Member) Remembered {
	r := Remembered{
		Name: m.Record.Name, Address: m.Record.Address, Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat,
		Interval: m.Record.Interval,
	}
	if m.State == membership.Dead {
		r.Gone = w.clock.wall.Add(-w.clock.now.Sub(m.Since))
	}
	return r
}

// listMissing lists those as dead that have not been heard of.
func (e *Engine) listMissing() {
	members := e.awaited.members
	e.awaited.members = nil
	for _, r := range members {
		if e.awaited.waits(r.Name) {
			e.listRemembered(r)
		}
	}
	e.table.SortGone()
}

// listRemembered lists a member as dead, unless its retention is over, the list is full, or what is known of it cannot be.
func (e *Engine) listRemembered(r Remembered) {
	since := e.clock.now
	if !r.Gone.IsZero() {
		since = since.Add(-max(0, e.clock.wall.Sub(r.Gone)))
	}
	en := e.awaited.entryOf(r)
	switch {
	case e.clock.now.Sub(since) > e.cfg.DeadRetention, e.table.Full(), en.Record.Validate() != nil,
		!e.clock.horizon.Allows(r.Incarnation, en.Heartbeat, en.Record.Interval):
		return
	}
	m := e.table.Learn(e.clock.now, en, false).Member
	if m == nil {
		return
	}
	e.table.Begin(e.awaited.began, m)
	m.Remembered = true
	e.table.SetState(m, membership.Dead, since)
	e.outbox.emit(membership.EventDead, e.verdicts.view(m), NotHeard)
}

// entryOf makes a record for a remembered member, of what is known of it.
func (w *awaited) entryOf(r Remembered) membership.Entry {
	interval := r.Interval
	if interval == 0 {
		interval = w.self.record.Interval
	}
	return membership.Entry{Heartbeat: max(r.Heartbeat, 1), Record: &membership.Record{
		Name: r.Name, Incarnation: r.Incarnation, Version: 1, Address: r.Address, Interval: interval,
	}}
}

// meetAgain takes the record of a remembered member that is in the same life as it was.
func (e *Engine) meetAgain(m *membership.Member, en membership.Entry, direct, tell bool) {
	en.Heartbeat = max(en.Heartbeat, m.Heartbeat)
	m.Remembered = false
	e.table.Replace(m, en)
	e.table.Begin(e.clock.now, m)
	switch {
	case en.Record.Leaving:
		e.verdicts.enter(m, membership.Left, "as announced")
	case direct:
		e.peers.add(m.Record.Name)
		e.verdicts.enter(m, membership.Alive, "heard of again")
	default:
		return
	}
	if tell {
		e.rumours.addNews(m.Record.Name)
	}
}
