package gossip

import (
	"math/rand/v2"
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// pendingGoodbyes is how far a leave has got (R13).
type pendingGoodbyes struct {
	rng    *rand.Rand
	self   *self
	table  *membership.Table
	outbox *outbox

	waiting      []goodbye // sent, but not acknowledged
	acknowledged int
	rounds       int // until it is given up
}

// goodbye is a ping that brings the record of this member as one that leaves.
type goodbye struct {
	nonce uint64
	name  string // of the receiver
}

const (
	leaveFanout = 8 // members that get a goodbye directly; each passes it on at once
	leaveRounds = 6 // rounds in which those who have not acknowledged get it again
)

// Leave marks this member as leaving, for the rest of its incarnation, and sends goodbyes to several others. Keep passing ticks
// and messages until [Engine.HasLeft], then stop.
func (e *Engine) Leave(now time.Time) Outputs {
	e.enter(now)
	if !e.self.record.Leaving {
		e.change(e.markLeaving)
		e.rumours.news = news{} // the goodbyes below are the news
		e.outbox.emit(membership.EventLeft, e.self.view(&e.clock), "leaving")
		e.pending.goodbyes.begin(e.peers.random(leaveFanout))
	}
	return e.finish()
}

// markLeaving makes the record that of a member that leaves. Tags that do not fit a packet go (R17): a goodbye has to
// travel as fast as news does, and in packets, for its owner is about to stop.
func (e *Engine) markLeaving(r *membership.Record) {
	r.Leaving = true
	left := e.outbox.budget()
	if !left.take(wire.SizeEntry(membership.Entry{Record: r, Heartbeat: e.self.heartbeat})) {
		r.Tags = nil
	}
}

// HasLeft reports whether a leave is over: everybody who got a goodbye has acknowledged it, or it was given up; and how many
// acknowledged.
func (e *Engine) HasLeft() (over bool, acknowledged int) {
	g := &e.pending.goodbyes
	return e.self.record.Leaving && (len(g.waiting) == 0 || g.rounds == 0), g.acknowledged
}

// begin sends a goodbye to some members.
func (g *pendingGoodbyes) begin(to []*membership.Member) {
	for _, m := range to {
		g.waiting = append(g.waiting, goodbye{g.rng.Uint64(), m.Record.Name})
	}
	g.rounds = leaveRounds
	g.send()
}

// repeat sends the goodbye again to those that have not acknowledged it, once a round.
func (g *pendingGoodbyes) repeat() {
	if g.rounds > 0 {
		g.rounds--
		g.send()
	}
}

func (g *pendingGoodbyes) send() {
	for _, b := range g.waiting {
		if m := g.table.Get(b.name); m != nil {
			g.outbox.send(m.Record.Address, b.name, &wire.Ping{Nonce: b.nonce, News: []membership.Entry{g.self.entry()}})
		}
	}
}

// reply takes a pong that acknowledges a goodbye, and reports whether it did.
func (g *pendingGoodbyes) reply(pong *wire.Pong) bool {
	i := slices.IndexFunc(g.waiting, func(b goodbye) bool { return b.nonce == pong.Nonce && b.name == pong.From })
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	g.acknowledged++
	return true
}
