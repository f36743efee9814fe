package gossip

import (
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// leaving is how far a goodbye has got (R13).
type leaving struct {
	waiting []farewell // told, but have not confirmed
	told    int        // confirmed
	rounds  int        // until it is given up
}

type farewell struct {
	nonce uint64
	name  string
}

const (
	leaveFanout = 8 // members that are told directly; each passes it on at once
	leaveRounds = 6 // rounds in which those who have not confirmed are told again
)

// Leave marks this member as leaving, for the rest of its incarnation, and tells several others. Keep passing ticks
// and messages until [Engine.HasLeft], then stop.
func (e *Engine) Leave(now time.Time) Outputs {
	e.enter(now)
	if !e.self.record.Leaving {
		e.change(e.sayGoodbye)
		e.news = news{} // the farewells below are the news
		e.emit(membership.EventLeft, e.selfView(), "leaving")
		for _, m := range e.randomPeers(leaveFanout) {
			e.self.leaving.waiting = append(e.self.leaving.waiting, farewell{e.rng.Uint64(), m.Record.Name})
		}
		e.self.leaving.rounds = leaveRounds
		e.sayFarewells()
	}
	return e.leaveWith()
}

// sayGoodbye makes the record that of a member that leaves. Tags that do not fit a packet go (R17): a goodbye has to
// travel as fast as news does, and in packets, for its owner is about to stop.
func (e *Engine) sayGoodbye(r *membership.Record) {
	r.Leaving = true
	left := e.anyPacketBudget()
	if !left.take(wire.SizeEntry(membership.Entry{Record: r, Heartbeat: e.self.heartbeat})) {
		r.Tags = nil
	}
}

// HasLeft reports whether a leave is over: everybody told has confirmed, or it was given up; and how many confirmed.
func (e *Engine) HasLeft() (over bool, told int) {
	l := &e.self.leaving
	return e.self.record.Leaving && (len(l.waiting) == 0 || l.rounds == 0), l.told
}

// retellLeave tells those again who have not confirmed.
func (e *Engine) retellLeave() {
	if l := &e.self.leaving; l.rounds > 0 {
		l.rounds--
		e.sayFarewells()
	}
}

func (e *Engine) sayFarewells() {
	for _, f := range e.self.leaving.waiting {
		if m := e.table.Get(f.name); m != nil {
			e.send(m.Record.Address, f.name, &wire.Ping{Nonce: f.nonce, News: []membership.Entry{e.selfEntry()}})
		}
	}
}

// confirmLeave takes a pong that confirms a farewell, and reports whether it did.
func (e *Engine) confirmLeave(p *wire.Pong) bool {
	l := &e.self.leaving
	i := slices.IndexFunc(l.waiting, func(f farewell) bool { return f.nonce == p.Nonce && f.name == p.From })
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	l.told++
	return true
}
