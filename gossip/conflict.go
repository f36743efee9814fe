package gossip

import (
	"fmt"
	"net/netip"
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// rumourOfSelf handles what others tell of this member's name (R3, R14). It reports whether the record is needed to
// know what to make of it. Nothing that others tell changes this member, except that it starts a new life above what
// they hold to be its own, once nobody answers there.
func (e *Engine) rumourOfSelf(incarnation, counter uint64, record *membership.Record) (needRecord bool) {
	own := e.self.record
	elsewhere := record != nil && record.Address != own.Address
	switch {
	case incarnation < own.Incarnation, incarnation == own.Incarnation && counter <= e.self.counter() && !elsewhere:
		return false // an older life, or an echo
	case membership.CheckClock(e.wall, incarnation, max(counter, 1), own.Interval) != nil:
		return e.drop(DropClock)
	case record == nil:
		return true
	}
	e.drop(DropNotMine)
	if elsewhere {
		e.askNamesake(question{to: record.Address, above: incarnation, told: true})
	} else {
		e.rebirth(incarnation)
	}
	return false
}

// meetNamesake handles a message of an agent that goes by this member's own name.
func (e *Engine) meetNamesake(from netip.AddrPort, h *wire.Header) {
	own := e.self.record
	if from == own.Address || h.Incarnation == own.Incarnation {
		return // a packet of an older life that was under way for long, or of this one that came back
	}
	e.reportConflict(fmt.Sprintf("another agent at %s uses this name with incarnation %d", from, h.Incarnation))
	if h.Incarnation > own.Incarnation {
		e.askNamesake(question{to: from, above: h.Incarnation})
	}
}

// askNamesake asks directly whether an agent lives under this member's own name where somebody says so. Whoever can
// speak to this member can name any address, so of what others tell and of who speaks under the name itself one address
// is asked at a time, once a round. What others tell waits as well until a new life could begin, which is all that
// silence there leads to.
func (e *Engine) askNamesake(q question) {
	q.name = e.self.record.Name
	open := slices.IndexFunc(e.questions, func(o question) bool { return o.join == nil && o.told == q.told })
	switch {
	case open >= 0 && e.questions[open].to == q.to:
	case open >= 0, q.told && e.now < e.nextRebirth:
		e.drop(DropBusy)
	default:
		e.ask(q)
	}
}

// meetLiveNamesake settles which of two live agents holds the name: the one with the newer incarnation, and of two
// clones the one with the higher address.
func (e *Engine) meetLiveNamesake(address netip.AddrPort, incarnation uint64) {
	own := e.self.record
	e.reportConflict(fmt.Sprintf("another agent at %s lives under this name with incarnation %d", address, incarnation))
	if incarnation > own.Incarnation || incarnation == own.Incarnation && address.Compare(own.Address) > 0 {
		e.out.Deposed = &Deposed{Holder: address, Incarnation: incarnation}
	}
}

// reportConflict emits an event, once per patience.
func (e *Engine) reportConflict(reason string) {
	if e.now < e.nextConflict {
		return
	}
	e.nextConflict = e.now.Add(e.patience())
	e.emit(membership.EventConflict, e.selfView(), reason)
}
