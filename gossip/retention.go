package gossip

import (
	"errors"
	"fmt"
	"time"

	"heartsay/membership"
)

// Retention is for how long a member that is dead or has left is still gossiped, and kept (R10). It only answers questions;
// the engine forgets:
//
//	listed      in digests: present, or gone for no longer than its grace
//	introduced  sent to others who do not know it
//	left        how long it stays in the list yet
//
// A member that is forgotten leaves a tombstone, so that late heartbeats of it do not bring it back.
type retention struct {
	cfg      *Config
	clock    *clock
	self     *self
	table    *membership.Table
	detector *detector
	awaited  *awaited
}

// listed reports whether a member is in digests.
func (r *retention) listed(m *membership.Member) bool {
	switch m.State {
	case membership.Dead:
		return !m.Remembered && r.clock.now.Sub(m.Since) < r.cfg.DeadGrace
	case membership.Left:
		return r.clock.now.Sub(m.Since) < r.cfg.LeftGrace
	}
	return true
}

// introduced reports whether the record of a member is sent to others who do not know it. The dead are not, nor are suspects whose
// heartbeat has never risen since they were learned of, nor those of whom nothing has come for longer than anybody waits,
// even if this member was not listening: they may well be dead, and long forgotten by the others, to whom their last
// heartbeat would look like a fresh one. Other suspects are: an observer that does not know them cannot relay their heartbeats.
func (r *retention) introduced(m *membership.Member) bool {
	switch {
	case m.State == membership.Dead, m.State == membership.Suspect && !m.Rose():
		return false
	case m.State == membership.Left, m.Record == r.self.record:
		return true
	}
	return r.clock.now.Sub(m.Bumped()) <= r.detector.maxSilence(r.self.record.Interval)
}

// makesRoom reports whether a member that others tell of could be taken in: there is room, or somebody is gone.
func (r *retention) makesRoom() bool { return !r.table.Full() || len(r.table.Gone()) > 0 }

// left returns how long a member stays in the list yet; negative when that is over.
func (r *retention) left(m *membership.Member) time.Duration {
	switch since := r.clock.now.Sub(m.Since); m.State {
	case membership.Dead:
		return r.cfg.DeadRetention - since
	case membership.Left:
		return r.cfg.LeftRetention - since
	}
	return r.cfg.DeadRetention
}

// Errors of [Engine.Forget]. Nothing changed.
var (
	ErrUnknown = errors.New("no member of that name is known")
	ErrPresent = errors.New("the member is not dead: its agent would come back by itself; stop it first")
	ErrSelf    = errors.New("an agent cannot forget itself: let it leave")
)

// sweepEvery is how often the list is looked through for members to forget.
const sweepEvery = time.Second

// Forget removes a member at once and leaves its tombstone (R10). It is local: others forget by themselves. Forgotten
// is false when the member had been forgotten before. A member that is alive or suspect is removed only by force; if
// it does live, it returns as soon as its heartbeat has risen twice.
func (e *Engine) Forget(now time.Time, name string, force bool) (out Outputs, forgotten bool, err error) {
	out, names, err := e.ForgetAll(now, []string{name}, ForgetOptions{Force: force})
	return out, len(names) > 0, err
}

// ForgetOptions say how members are to be forgotten.
type ForgetOptions struct {
	Force      bool // those as well that are alive or suspect
	Everywhere bool // ask all others, too, who forget those that they hold dead or left themselves
}

// ForgetAll is [Engine.Forget] for several members: all of them, or with an error none. It returns the names of those that had
// not been forgotten before.
func (e *Engine) ForgetAll(now time.Time, names []string, o ForgetOptions) (out Outputs, forgotten []string, err error) {
	e.enter(now)
	for _, name := range names {
		switch fault := e.retention.mayForget(name, o.Force); {
		case fault != nil && err != nil:
			err = fmt.Errorf("%w; forget %s: %w", err, name, fault)
		case fault != nil:
			err = fmt.Errorf("forget %s: %w", name, fault)
		}
	}
	if err != nil {
		return e.finish(), nil, err
	}
	for _, name := range names {
		m := e.table.Get(name)
		if o.Everywhere && !e.awaited.has(name) {
			e.rumours.addForget(e.rumours.requestToForget(name, m))
		}
		if m == nil {
			if e.awaited.remove(name) {
				forgotten = append(forgotten, name)
			}
			continue
		}
		e.forget(m, "asked for")
		forgotten = append(forgotten, name)
	}
	return e.finish(), forgotten, nil
}

// mayForget returns why a member may not be forgotten, or nil.
func (r *retention) mayForget(name string, force bool) error {
	m := r.table.Get(name)
	switch {
	case name == r.self.record.Name:
		return ErrSelf
	case m == nil && !r.table.Tombstone(name) && !r.awaited.has(name):
		return ErrUnknown
	case m != nil && m.State.Present() && !force:
		return ErrPresent
	}
	return nil
}

// sweep forgets the members whose retention has passed, and the tombstones that have stood long enough.
func (e *Engine) sweep() {
	e.nextSweep = e.clock.now.Add(sweepEvery)
	var over []*membership.Member
	if e.Others() < e.table.Len() {
		for _, m := range e.table.All() {
			if e.retention.left(m) < 0 {
				over = append(over, m)
			}
		}
	}
	for _, m := range over {
		e.forget(m, "its retention is over")
	}
	e.table.ExpireTombstones(e.clock.now)
	e.table.DropTombstonesBeyond(e.clock.horizon)
	e.conflicts.sweep()
}

func (e *Engine) forget(m *membership.Member, reason string) {
	view := e.verdicts.view(m)
	e.suspicions.closeAbout(m)
	e.table.Forget(m.Record.Name, e.clock.now.Add(e.cfg.TombstoneRetention))
	e.outbox.emit(membership.EventForgotten, view, reason)
}
