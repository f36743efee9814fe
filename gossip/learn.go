package gossip

import (
	"net/netip"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// hear takes the header of a message as news of its sender, at first hand. It returns the sender's name when its
// record has to be asked for.
func (e *Engine) hear(from netip.AddrPort, h *wire.Header) (wants []string) {
	if h.From == e.self.record.Name {
		e.meetNamesake(from, h)
		return nil
	}
	e.reconnect()
	if e.targets.answeredBy(h.From) {
		e.loss.answered()
		e.answers.took(e.now.Sub(e.targets.since))
	}
	m := e.table.Get(h.From)
	if m == nil {
		if e.table.Admits(h.From, h.Incarnation, h.Heartbeat, true) {
			return []string{h.From}
		}
		return nil
	}
	if h.Incarnation == m.Record.Incarnation {
		m.SetDirect(e.now)
		e.answersDoubt(m, h.Heartbeat)
	}
	if e.advance(m, h.Incarnation, h.Heartbeat) {
		return nil
	}
	return []string{h.From}
}

// advance takes a counter without a record. It returns false when the counter is of a newer incarnation, whose record
// is needed first.
func (e *Engine) advance(m *membership.Member, incarnation, heartbeat uint64) bool {
	switch {
	case incarnation > m.Record.Incarnation:
		return false
	case incarnation == m.Record.Incarnation && heartbeat > m.Heartbeat:
		e.rise(m, heartbeat)
	}
	return true
}

// rise takes a higher heartbeat of the incarnation that is known.
func (e *Engine) rise(m *membership.Member, heartbeat uint64) {
	if !e.horizon.Allows(m.Record.Incarnation, heartbeat, m.Record.Interval) {
		e.drop(DropClock)
		return
	}
	was := m.Heartbeat
	m.Heartbeat = heartbeat
	e.arrive(m, was)
}

// learn takes a record and its counter, of anybody. The record has passed [membership.Record.Validate]. Direct says
// that the member itself told it; tell, that others are to be told if it changes anything. What comes in bulk on a
// stream is not told: most others know it, and exchanges find those who do not.
func (e *Engine) learn(en membership.Entry, direct, tell bool) {
	r := en.Record
	if r.Name == e.self.record.Name {
		e.rumourOfSelf(r.Incarnation, max(en.Heartbeat, r.Version), r)
		return
	}
	if en.Heartbeat == 0 || membership.CheckClock(e.wall, r.Incarnation, max(en.Heartbeat, r.Version), r.Interval) != nil {
		e.drop(DropClock)
		return
	}
	m := e.table.Get(r.Name)
	if m != nil && m.Record.Incarnation == r.Incarnation && m.Record.Interval != r.Interval {
		e.drop(DropInterval)
		return
	}
	before := membership.Alive
	if m != nil {
		before = m.State
	}
	c := e.table.Learn(e.now, en, direct)
	e.follow(c, before)
	if tell && (c.Learned || c.Restarted || c.Changed) {
		e.addNews(r.Name)
	}
}

// follow brings verdict and events in line with what the table learned.
func (e *Engine) follow(c membership.Change, before membership.State) {
	m := c.Member
	switch {
	case c.Refused == membership.Full:
		e.drop(DropFull)
	case c.Refused == membership.Forgotten:
		e.drop(DropBuried)
	case m == nil:
	case c.Learned, c.Restarted:
		e.beginLife(c, before)
	case m.Record.Leaving && before != membership.Left:
		e.enterState(m, membership.Left, "said goodbye")
	default:
		if c.Changed {
			e.emit(membership.EventUpdate, e.view(m), "record changed")
		}
		if c.Rose {
			e.arrive(m, c.Was)
		}
	}
}

// beginLife starts to watch an incarnation that was not known before.
func (e *Engine) beginLife(c membership.Change, before membership.State) {
	m := c.Member
	if d := e.doubtOf(m); d != nil {
		e.closeDoubt(d)
	}
	e.table.Begin(e.now, m)
	m.ClearDirect()
	e.targets.add(e.rng, m.Record.Name, e.table.Len())
	switch {
	case m.Record.Leaving:
		e.enterState(m, membership.Left, "said goodbye")
	case c.Learned:
		e.emit(membership.EventJoin, e.view(m), "")
	case before == membership.Left:
		e.table.SetState(m, membership.Alive, e.now)
		e.emit(membership.EventJoin, e.view(m), "returned")
	default:
		e.table.SetState(m, membership.Alive, e.now)
		e.emit(membership.EventAlive, e.view(m), "restarted")
	}
}

// riseAsUsual takes higher heartbeats of members, until it comes upon one that rise has to take. It returns how many it has
// passed. The detector learns at the end, so there is an end where it would draw its curve, and the limits change.
func (e *Engine) riseAsUsual(rows bucket, heartbeats []int64) (passed int) {
	if e.cfg.OnWait != nil {
		return 0
	}
	least := *e.leastLimits(rows[0])
	passed, e.scratch.waits = e.table.ArriveAll(e.now, membership.FastPath{
		Horizon: e.horizon, Interval: least.interval, Limit: least.dead, Age: e.now.Add(least.suspect).Sub(e.nextVerdict),
		CountFrom: max(e.stall.pardon, e.reconnected), Most: e.model.UntilRefit(),
	}, rows, heartbeats, e.scratch.waits[:0])
	for _, wait := range e.scratch.waits {
		e.model.Add(wait)
	}
	return passed
}

// arrive counts the arrival of a heartbeat that has strictly risen, from was (R6). Nothing else does but riseAsUsual, for many.
func (e *Engine) arrive(m *membership.Member, was uint64) {
	if m.State == membership.Left {
		return
	}
	least := *e.leastLimits(m)
	limit := least.dead
	if m.Late(e.now) > limit {
		_, limit = e.limits(m)
	}
	a := e.table.Arrive(e.now, m, was, limit)
	if !a.Fresh {
		return
	}
	if a.Counted && a.Since >= max(e.stall.pardon, e.reconnected) {
		e.observe(m, e.now.Sub(a.Since), a.Wait, least.dead)
	}
	if m.State == membership.Alive && !m.HasSuspicion && !e.mayBeDue(least.suspect-m.Late(e.now)) { // as nearly all
		return
	}
	if m.HasSuspicion {
		e.refute(m)
	}
	silence := e.silence(m)
	if m.State != membership.Alive && !e.inVain(m) { // otherwise the heartbeat is from before the questions
		e.revive(m, silence)
	}
	e.judgeAt(m, silence)
}
