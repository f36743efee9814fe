package gossip

import (
	"errors"
	"fmt"
	"time"

	"heartsay/membership"
)

// Errors of [Engine.Forget]. Nothing changed.
var (
	ErrUnknown = errors.New("no member of that name is known")
	ErrPresent = errors.New("the member is not dead: its agent would come back by itself; stop it first")
	ErrSelf    = errors.New("an agent cannot forget itself: let it leave")
)

// sweepEvery is how often the list is looked through for members to forget.
const sweepEvery = membership.Instant(time.Second)

// Forget removes a member at once and leaves its tombstone (R10). It is local: others forget by themselves. Forgotten
// is false when the member had been forgotten before. A member that is alive or suspect is removed only by force; if
// it does live, it returns as soon as its heartbeat has risen twice.
func (e *Engine) Forget(now time.Time, name string, force bool) (out Outputs, forgotten bool, err error) {
	e.enter(now)
	m := e.table.Get(name)
	switch {
	case name == e.self.record.Name:
		err = ErrSelf
	case m == nil && !e.table.Tombstone(name):
		err = ErrUnknown
	case m != nil && m.State.Present() && !force:
		err = ErrPresent
	case m != nil:
		e.forget(m, "asked for")
		forgotten = true
	}
	if err != nil {
		err = fmt.Errorf("forget %s: %w", name, err)
	}
	return e.leaveWith(), forgotten, err
}

// sweep forgets the members whose retention has passed, and the tombstones that have stood long enough (R10).
func (e *Engine) sweep() {
	e.nextSweep = e.now.Add(time.Duration(sweepEvery))
	if e.Others() < e.table.Len() {
		e.sweepGone()
	}
	e.table.ExpireTombstones(e.now)
}

func (e *Engine) sweepGone() {
	var gone []*membership.Member
	for _, m := range e.table.All() {
		if e.retained(m) < 0 {
			gone = append(gone, m)
		}
	}
	for _, m := range gone {
		e.forget(m, "gone for longer than it is kept")
	}
}

// retained returns how long the member stays in the list yet; negative when it is over.
func (e *Engine) retained(m *membership.Member) time.Duration {
	switch since := e.now.Sub(m.Since); m.State {
	case membership.Dead:
		return e.cfg.DeadRetention - since
	case membership.Left:
		return e.cfg.LeftRetention - since
	}
	return e.cfg.DeadRetention
}

func (e *Engine) forget(m *membership.Member, reason string) {
	v := e.view(m)
	if d := e.doubtOf(m); d != nil {
		e.closeDoubt(d)
	}
	e.table.Forget(m.Record.Name, e.now.Add(e.cfg.TombstoneRetention))
	e.emit(membership.EventForgotten, v, reason)
}

// introduced reports whether others who do not know a member are told of it (R10). The dead are not, nor are suspects whose
// heartbeat has never risen since they were learned of, nor those of whom nothing has come for longer than anybody waits,
// even if this member was not listening: they may well be dead, and long forgotten by the others, to whom their last
// heartbeat would look like a fresh one. Other suspects are: who does not know them cannot relay their heartbeats.
func (e *Engine) introduced(m *membership.Member) bool {
	switch {
	case m.State == membership.Dead, m.State == membership.Suspect && !m.Rose():
		return false
	case m.State == membership.Left, e.isOwn(m):
		return true
	}
	return e.now.Sub(m.Bumped()) <= e.longest()
}
