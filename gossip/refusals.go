package gossip

import (
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Refusals: who cannot be a member is told why, and does not believe for ever that it is one (R14, R15). A refusal takes the
// place of the answer to a join or to a digest, so there is never more than one for a message. What follows is up to the refused:
//
//	clock    its incarnation lies too far ahead. If its own clock says so too, since it was set right meanwhile, it begins a new life
//	full     the list there is full of present members. There is nothing that it can do
//
// The refused remembers the last answer of each member. When most of the members that it knows refuse it, it tells so
// ([Engine.Refused]): one alone, who may lie, cannot take its place away.
type refusals struct {
	clock  *clock
	table  *membership.Table
	outbox *outbox

	by map[string]wire.RefusalReason // members that refuse this one; others have answered otherwise since
}

// Refusal is why this member is not a member in the eyes of others.
type Refusal struct {
	By     string // one of those that refuse it
	Reason wire.RefusalReason
}

// reason returns why the sender of a message cannot be a member here, whatever its record is, or 0. M is what is known of it,
// nil for nothing.
func (r *refusals) reason(m *membership.Member, incarnation uint64) wire.RefusalReason {
	switch {
	case (m == nil || incarnation > m.Record.Incarnation) && !r.clock.horizon.Reaches(incarnation):
		r.outbox.drop(DropClock)
		return wire.ClockAhead
	case m == nil && r.table.Full() && r.table.MakesWay(nil, true) == nil:
		r.outbox.drop(DropFull)
		return wire.ListFull
	}
	return 0
}

// maxStrangers bounds the refusals of those who are not in the list, while nobody is.
const maxStrangers = 16

// takeRefusal takes note that a member refuses this one.
func (e *Engine) takeRefusal(r *wire.Refused) {
	if r.Reason == wire.NameTaken {
		return // for the one who asked to join: the caller, who opened the stream, tells it
	}
	m := e.table.Get(r.From)
	if m == nil && (e.Others() > 0 || len(e.refusals.by) >= maxStrangers) || m != nil && !m.State.Present() {
		return
	}
	if e.refusals.by == nil {
		e.refusals.by = map[string]wire.RefusalReason{}
	}
	e.refusals.by[r.From] = r.Reason
	if r.Reason == wire.ClockAhead {
		e.returnFromFuture()
	}
}

// accepted takes note that a member does not refuse this one.
func (r *refusals) accepted(name string) { delete(r.by, name) }

// Refused returns why this member is none in the eyes of most that it knows, and whether that is so. While it knows nobody, one
// that refuses it is enough.
func (e *Engine) Refused() (r Refusal, refused bool) {
	n, others := 0, e.Others()
	for name, reason := range e.refusals.by {
		m := e.table.Get(name)
		switch {
		case m != nil && m.State.Present():
			n++
		case others > 0:
			delete(e.refusals.by, name)
			continue
		}
		if r.By == "" || name < r.By {
			r = Refusal{By: name, Reason: reason}
		}
	}
	return r, r.By != "" && (others == 0 || 2*n > others)
}

// compareClocks begins a new life when another member's clock and this member's own both say that this one began in the future.
// Sent is the other clock in Unix milliseconds.
func (e *Engine) compareClocks(sent uint64) {
	if sent != 0 && !membership.HorizonAt(time.UnixMilli(int64(sent))).Reaches(e.self.record.Incarnation) {
		e.returnFromFuture()
	}
}

// returnFromFuture begins a new life if the clock of this host stood more than a day ahead when this one began, and has been set
// right. Others refuse a life from the future, or will when their clocks are right. That the own clock alone says so is not enough:
// it may have been set wrong just now.
func (e *Engine) returnFromFuture() {
	if s := &e.self; !e.clock.horizon.Reaches(s.record.Incarnation) && !s.record.Leaving {
		e.refusals.by = nil
		e.beginAnew(e.clock.unixMilli(), "new incarnation, since the last one lies more than a day ahead of the clock")
	}
}
