package gossip

import (
	"net/netip"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Arrivals are heartbeats and records that come in, of anybody and from anybody (R2, R6). All of them go through the functions
// of this file:
//
//	hear              the header of a message: news of its sender at first hand
//	learn             a record with its heartbeat, from a delta, ping or sync
//	advance           a heartbeat of a named member, from a refutation
//	mergeHeartbeats   those of the columns and updates of an exchange; mergeHeartbeat: of a listing
//
// They lead to rise (a heartbeat is higher than the one known) and arrive (it counts as a sign of life), which teach the
// detector, take verdicts back, and put events and news out.

// hear takes the header of a message as news of its sender, at first hand. It returns the sender's name when its
// record has to be asked for, and why the sender cannot be a member if it cannot.
func (e *Engine) hear(from netip.AddrPort, h *wire.Header) (wants []string, refused wire.RefusalReason) {
	if h.From == e.self.record.Name {
		e.meetDuplicate(from, h)
		return nil, 0
	}
	e.verdicts.heardSomebody()
	if digests := &e.pending.digests; digests.replied(h.From) {
		e.detector.loss.replied()
		e.detector.replies.took(e.clock.now.Sub(digests.since))
	}
	m := e.table.Get(h.From)
	switch refused = e.refusals.reason(m, h.Incarnation); {
	case refused != 0:
		return nil, refused
	case m == nil && !e.table.Admits(h.From, h.Incarnation, h.Heartbeat, true):
		return nil, 0
	case m == nil, e.clock.outgrown(m, h.Incarnation), m.Remembered && h.Incarnation >= m.Record.Incarnation:
		return []string{h.From}, 0
	}
	if h.Incarnation == m.Record.Incarnation {
		m.SetDirect(e.clock.now)
		e.verdicts.replied(m, h.Heartbeat)
	}
	if e.advance(m, h.Incarnation, h.Heartbeat) {
		return nil, 0
	}
	return []string{h.From}, 0
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
	if !e.clock.horizon.Allows(m.Record.Incarnation, heartbeat, m.Record.Interval) {
		e.outbox.drop(DropClock)
		return
	}
	was := m.Heartbeat
	m.Heartbeat = heartbeat
	e.arrive(m, was)
}

// mergeHeartbeats takes what somebody tells of the heartbeats of records that both have.
func (e *Engine) mergeHeartbeats(rows bucket, heartbeats []int64) {
	for len(rows) > 0 {
		n := e.riseFast(rows, heartbeats)
		if n < len(rows) {
			e.mergeHeartbeat(rows[n], uint64(heartbeats[n]))
			n++
		}
		rows, heartbeats = rows[n:], heartbeats[n:]
	}
}

// mergeHeartbeat takes what somebody tells of the heartbeat of a record that both have.
func (e *Engine) mergeHeartbeat(row *membership.Member, heartbeat uint64) {
	switch {
	case heartbeat <= row.Heartbeat:
	case e.exchange.isOwn(row):
		e.rumourOfSelf(row.Record.Incarnation, heartbeat, row.Record)
	default:
		e.rise(row, heartbeat)
	}
}

// riseFast takes higher heartbeats of members, until it comes upon one that rise has to take. It returns how many it has
// passed. The detector learns at the end, so it ends before the model would be fitted anew, and the time-outs change.
func (e *Engine) riseFast(rows bucket, heartbeats []int64) (passed int) {
	if e.cfg.OnWait != nil {
		return 0
	}
	usual := *e.detector.usualTimeouts(rows[0])
	passed, e.waits = e.table.ArriveAll(e.clock.now, membership.FastPath{
		Horizon: e.clock.horizon, Interval: usual.interval, Limit: usual.dead,
		Age:       e.clock.now.Add(usual.suspect).Sub(e.verdicts.next.at),
		CountFrom: e.clock.listeningSince(), Most: e.detector.model.UntilRefit(),
	}, rows, heartbeats, e.waits[:0])
	for _, wait := range e.waits {
		e.detector.model.Add(wait)
	}
	return passed
}

// arrive counts the arrival of a heartbeat that has strictly risen, from was (R6). Nothing else does but riseFast, for many.
func (e *Engine) arrive(m *membership.Member, was uint64) {
	if m.State == membership.Left {
		return
	}
	now, usual := e.clock.now, *e.detector.usualTimeouts(m)
	limit := usual.dead
	if m.Late(now) > limit {
		_, limit = e.detector.timeouts(m)
	}
	a := e.table.Arrive(now, m, was, limit)
	if !a.Fresh {
		return
	}
	if a.Counted && a.Since >= e.clock.listeningSince() {
		if e.cfg.OnWait != nil {
			e.cfg.OnWait(Wait{
				Observer: e.self.record.Name, Subject: m.Record.Name, At: e.clock.wall, Heartbeat: m.Heartbeat, Age: a.Wait,
				Phi: e.detector.model.Phi(inIntervals(m, now.Sub(a.Since)), &m.Stats),
			})
		}
		e.detector.observe(m, a.Wait, usual.dead)
	}
	if m.State == membership.Alive && !m.HasSuspicion && !e.verdicts.mayBeDue(usual.suspect-m.Late(now)) { // as nearly all
		return
	}
	e.verdicts.arrived(m)
}

// learn takes a record and its counter, of anybody. The record has passed [membership.Record.Validate]. Direct says
// that the member itself sent it; tell, that it becomes news if it changes anything. What comes in bulk on a stream is
// no news: most others know it, and exchanges find those who do not.
func (e *Engine) learn(en membership.Entry, direct, tell bool) {
	r := en.Record
	if r.Name == e.self.record.Name {
		e.rumourOfSelf(r.Incarnation, max(en.Heartbeat, r.Version), r)
		return
	}
	if en.Heartbeat == 0 || membership.CheckClock(e.clock.wall, r.Incarnation, max(en.Heartbeat, r.Version), r.Interval) != nil {
		e.outbox.drop(DropClock)
		return
	}
	m := e.table.Get(r.Name)
	if direct && e.clock.outgrown(m, r.Incarnation) {
		e.forget(m, "its incarnation lies more than a day ahead of the clock, and it has begun a new one")
		e.table.DropTombstonesBeyond(e.clock.horizon)
		m = nil
	}
	if m != nil && m.Remembered && m.Record.Incarnation == r.Incarnation {
		e.meetAgain(m, en, direct, tell)
		return
	}
	if m != nil && m.Record.Incarnation == r.Incarnation && m.Record.Interval != r.Interval {
		e.outbox.drop(DropInterval)
		return
	}
	if !e.makeRoom(m, en, direct) {
		return
	}
	before := membership.Alive
	if m != nil {
		before = m.State
	}
	c := e.table.Learn(e.clock.now, en, direct)
	e.follow(c, before)
	if tell && (c.Learned || c.Restarted || c.Changed) {
		e.rumours.addNews(r.Name)
	}
}

// The reasons of the event when a member is forgotten early: it was gone, or it was present and had sent nothing itself.
const (
	MadeWay       = "the list is full, and it has been gone for longest"
	MadeWaySilent = "the list is full, and it has sent nothing itself"
)

// makeRoom sees to it that there is room for an entry, whose member is m, or nil when it is not in the list. In a full list others
// make way, see [membership.Table.MakesWay]. It reports false when the entry is refused.
func (e *Engine) makeRoom(m *membership.Member, en membership.Entry, direct bool) bool {
	r := en.Record
	if m == nil && !e.table.Admits(r.Name, r.Incarnation, en.Heartbeat, direct) {
		return e.outbox.drop(DropBuried)
	}
	for !e.table.Fits(m, en) {
		other := e.table.MakesWay(m, direct)
		if other == nil || m == nil && r.Leaving {
			return e.outbox.drop(DropFull)
		}
		why := MadeWay
		if other.State.Present() {
			why = MadeWaySilent
		}
		e.forget(other, why)
	}
	return true
}

// follow brings verdict and events in line with what the table learned.
func (e *Engine) follow(c membership.Change, before membership.State) {
	m := c.Member
	switch {
	case c.Learned, c.Restarted:
		e.beginLife(c, before)
	case m.Record.Leaving && before != membership.Left:
		e.verdicts.enter(m, membership.Left, "as announced")
	default:
		if c.Changed {
			e.outbox.emit(membership.EventUpdate, e.verdicts.view(m), "record changed")
		}
		if c.Rose {
			e.arrive(m, c.Was)
		}
	}
}

// beginLife starts to watch an incarnation that was not known before.
func (e *Engine) beginLife(c membership.Change, before membership.State) {
	m := c.Member
	m.Remembered = false
	e.suspicions.closeAbout(m)
	e.table.Begin(e.clock.now, m)
	m.ClearDirect()
	e.peers.add(m.Record.Name)
	switch {
	case m.Record.Leaving:
		e.verdicts.enter(m, membership.Left, "as announced")
	case c.Learned:
		e.outbox.emit(membership.EventJoin, e.verdicts.view(m), "")
	case before == membership.Left:
		e.table.SetState(m, membership.Alive, e.clock.now)
		e.outbox.emit(membership.EventJoin, e.verdicts.view(m), "returned")
	default:
		e.table.SetState(m, membership.Alive, e.clock.now)
		e.outbox.emit(membership.EventAlive, e.verdicts.view(m), "restarted")
	}
}

// receiveEvidence takes the refutations, the suspicions and the requests to forget that somebody tells, and answers with what
// refutes them.
func (e *Engine) receiveEvidence(from netip.AddrPort, v *wire.Evidence) {
	for _, f := range v.Refutations {
		if m := e.table.Get(f.Name); m != nil && !m.Remembered && isCounter(f.Incarnation) && isCounter(f.Heartbeat) {
			e.advance(m, f.Incarnation, f.Heartbeat)
		}
	}
	var known []wire.Refutation
	for _, w := range v.Suspicions {
		if w.Name == e.self.record.Name {
			e.rumours.noteAccuser(v.From)
		} else if f, refuted := e.verdicts.weigh(w); refuted {
			known = append(known, f)
		}
	}
	for _, f := range v.Forgets {
		e.hearForget(v.From, f)
	}
	if len(known) > 0 {
		e.outbox.send(from, v.From, &wire.Evidence{Refutations: known})
	}
}
