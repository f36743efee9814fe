package gossip

import (
	"fmt"
	"maps"
	"net/netip"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Names: what this member does when somebody wants to join, and when two agents go by one name (R12, R14). A claim is
// probed at the address where the holder is said to live (pending_names.go); the reply, or its absence, decides:
//
//	                                          a reply                       no reply
//	somebody wants to join under a name       refused                       let in
//	another agent has this member's name      the older incarnation stops   this member begins a new incarnation above it

// joiner is somebody who asked on a stream to be let in, and waits for the answer.
type joiner struct {
	stream StreamID
	from   netip.AddrPort
	entry  membership.Entry
}

// asksToJoin reports whether a message is part of a request to be let in.
func asksToJoin(stream StreamID, m wire.Message) bool {
	s, ok := m.(*wire.Sync)
	return ok && s.Join && stream != 0
}

// receiveJoin decides on a joiner whose whole view has arrived. A name that a live member at another address holds is probed
// there first.
func (e *Engine) receiveJoin(j *joiner) {
	name, address := j.entry.Record.Name, j.entry.Record.Address
	own := e.self.record
	if name == own.Name {
		if address != own.Address {
			e.refuse(j, own.Address)
		}
		return
	}
	holder := e.table.Get(name)
	if holder == nil || !holder.State.Present() || holder.Record.Address == address {
		e.admit(j)
		return
	}
	if !e.pending.names.probe(nameProbe{to: holder.Record.Address, name: name, join: j}) {
		e.refuse(j, holder.Record.Address)
	}
}

// admit lets the joiner in, if it can be a member: it is news, and it gets the whole view.
func (e *Engine) admit(j *joiner) {
	r := j.entry.Record
	reason := e.refusals.reason(e.table.Get(r.Name), r.Incarnation)
	if reason == 0 && membership.CheckClock(e.clock.wall, r.Incarnation, max(j.entry.Heartbeat, r.Version), r.Interval) != nil {
		reason = wire.ClockAhead
		e.outbox.drop(DropClock)
	}
	if reason != 0 {
		e.answerNo(j, &wire.Refused{Reason: reason})
		return
	}
	e.learn(j.entry, true, true)
	e.exchange.answerSync(j.stream, j.from, r.Name)
}

// answerNo refuses a joiner.
func (e *Engine) answerNo(j *joiner, m *wire.Refused) {
	e.self.stamp(m.Head(), j.entry.Record.Name)
	e.outbox.post(Envelope{To: j.from, Stream: j.stream, Message: m})
}

// refuse tells the joiner who holds its name, and tells subscribers here that two want it.
func (e *Engine) refuse(j *joiner, holder netip.AddrPort) {
	e.answerNo(j, &wire.Refused{Reason: wire.NameTaken, Holder: holder.String()})
	view := e.self.view(&e.clock)
	if known := e.table.Get(j.entry.Record.Name); known != nil {
		view = e.verdicts.view(known)
	}
	e.conflicts.report(view, "refused "+j.entry.Record.Address.String()+", which wants to join under this name")
}

// rumourOfSelf handles what others tell of this member's name (R3). It reports whether the record is needed to know what to
// make of it. Nothing that others tell changes this member, except that it starts a new life above what they hold to be its
// own, once nobody replies there.
func (e *Engine) rumourOfSelf(incarnation, counter uint64, record *membership.Record) (needRecord bool) {
	own := e.self.record
	elsewhere := record != nil && record.Address != own.Address
	switch {
	case incarnation < own.Incarnation, incarnation == own.Incarnation && counter <= e.self.counter() && !elsewhere:
		return false // an older life, or an echo
	case membership.CheckClock(e.clock.wall, incarnation, max(counter, 1), own.Interval) != nil:
		return e.outbox.drop(DropClock)
	case record == nil:
		return true
	}
	e.outbox.drop(DropNotMine)
	if elsewhere {
		e.pending.names.probeDuplicate(nameProbe{to: record.Address, above: incarnation, relayed: true})
	} else {
		e.newIncarnation(incarnation)
	}
	return false
}

// meetDuplicate handles a message of an agent that goes by this member's own name.
func (e *Engine) meetDuplicate(from netip.AddrPort, h *wire.Header) {
	own := e.self.record
	if from == own.Address || h.Incarnation == own.Incarnation {
		return // a packet of an older life that was under way for long, or of this one that came back
	}
	e.conflicts.report(e.self.view(&e.clock), fmt.Sprintf("another agent at %s uses this name with incarnation %d", from, h.Incarnation))
	if h.Incarnation > own.Incarnation {
		e.pending.names.probeDuplicate(nameProbe{to: from, above: h.Incarnation})
	}
}

// meetLiveDuplicate settles which of two live agents holds the name: the one with the newer incarnation, and of two
// clones the one with the higher address.
func (e *Engine) meetLiveDuplicate(address netip.AddrPort, incarnation uint64) {
	own := e.self.record
	e.conflicts.report(e.self.view(&e.clock), fmt.Sprintf("another agent at %s lives under this name with incarnation %d", address, incarnation))
	if incarnation > own.Incarnation || incarnation == own.Incarnation && address.Compare(own.Address) > 0 {
		e.outbox.out.Deposed = &Deposed{Holder: address, Incarnation: incarnation}
	}
}

// conflictAgain is the least time between two reports of a conflict about one name. An agent that was refused, and that its
// supervisor starts again, asks every few seconds for ever: that is one state that lasts, and no news.
const conflictAgain = 10 * time.Minute

// conflicts are the events about names that two live members claim, one about a name in a while.
type conflicts struct {
	clock  *clock
	outbox *outbox
	at     map[string]membership.Instant // when one was reported last, by name; of names that somebody holds, so bounded
}

// report emits an event about a member, unless there was one about its name not long ago.
func (c *conflicts) report(view membership.View, reason string) {
	name := view.Record.Name
	if at, known := c.at[name]; known && c.clock.now.Sub(at) < conflictAgain {
		return
	}
	if c.at == nil {
		c.at = map[string]membership.Instant{}
	}
	c.at[name] = c.clock.now
	c.outbox.emit(membership.EventConflict, view, reason)
}

// sweep makes room of reports that are old.
func (c *conflicts) sweep() {
	maps.DeleteFunc(c.at, func(_ string, at membership.Instant) bool { return c.clock.now.Sub(at) >= conflictAgain })
}

// expireNames settles the probes of names that nobody replied to in time: the holder of the name is gone.
func (e *Engine) expireNames() {
	for q, ok := e.pending.names.expired(); ok; q, ok = e.pending.names.expired() {
		if q.join != nil {
			e.admit(q.join)
		} else if q.above >= e.self.record.Incarnation {
			e.newIncarnation(q.above)
		}
	}
}

// answerPing answers a probe, and takes the news that came with it. A probe without a nonce comes from a member that suspects
// this one.
func (e *Engine) answerPing(from netip.AddrPort, p *wire.Ping) {
	for _, en := range p.News {
		e.learn(en, en.Record.Name == p.From, true)
	}
	if p.Nonce == 0 {
		e.rumours.noteAccuser(p.From)
	}
	e.outbox.send(from, p.From, &wire.Pong{Nonce: p.Nonce})
}

// receivePong settles the probe that a pong answers. One of a member under suspicion has none: the header has settled it.
func (e *Engine) receivePong(p *wire.Pong) {
	if p.Nonce == 0 || e.pending.goodbyes.reply(p) {
		return
	}
	q, ok := e.pending.names.reply(p)
	switch {
	case !ok:
		e.outbox.drop(DropUnasked)
	case q.join != nil:
		e.refuse(q.join, q.to)
	default:
		e.meetLiveDuplicate(q.to, p.Incarnation)
	}
}
