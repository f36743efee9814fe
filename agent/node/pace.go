package node

import (
	"cmp"
	"slices"
	"time"

	"heartsay/membership"
)

// The events of one other member have a rate, since a member may change its record, or seem to come and go, as often as it
// likes: each event is a line in the log, a run of each handler, a message to each follower. What is beyond the rate waits, and is
// merged with what comes meanwhile: the newest state counts. So the numbers of events stay without a hole, a view that is made of
// the events becomes right, and who joined or died is told, but not each change in between.
const (
	eventsAtOnce = 16 // of one member
	eventsEvery  = 2 * time.Second
)

// pace knows which members have told a lot lately. The loop owns it. What happens to the member self is its operator's doing and
// has no rate.
type pace struct {
	self  string
	full  map[string]time.Time // when a member that told of something may tell eventsAtOnce again
	held  map[string]*heldEvent
	sweep time.Time
}

// heldEvent is an event that waits for its turn.
type heldEvent struct {
	membership.Event
	since  time.Time
	merged int // events before it that it stands for
}

// take returns the events that may be published now, of those that have come, and holds the others.
func (p *pace) take(events []membership.Event, now time.Time) (pass []heldEvent) {
	for _, ev := range events {
		name := ev.Member.Record.Name
		switch h := p.held[name]; {
		case name == p.self, ev.Type == membership.EventConflict: // which has a rate of its own, and changes no state
			pass = append(pass, heldEvent{Event: ev})
		case h != nil:
			h.merge(ev)
		case p.may(name, now):
			pass = append(pass, heldEvent{Event: ev})
		default:
			if p.held == nil {
				p.held = map[string]*heldEvent{}
			}
			p.held[name] = &heldEvent{Event: ev, since: now}
		}
	}
	return pass
}

// may reports whether one more event of a member may be published, and counts it.
func (p *pace) may(name string, now time.Time) bool {
	full := p.full[name]
	if full.Before(now) {
		full = now
	}
	if full.Sub(now) > (eventsAtOnce-1)*eventsEvery {
		return false
	}
	if p.full == nil {
		p.full = map[string]time.Time{}
	}
	p.full[name] = full.Add(eventsEvery)
	return true
}

// due returns the held events whose turn has come, or all of them, those that have waited for longest first.
func (p *pace) due(now time.Time, all bool) (pass []heldEvent) {
	for name, h := range p.held {
		if all || p.may(name, now) {
			pass = append(pass, *h)
			delete(p.held, name)
		}
	}
	slices.SortFunc(pass, func(a, b heldEvent) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.Member.Record.Name, b.Member.Record.Name))
	})
	if now.Sub(p.sweep) >= time.Second {
		p.sweep = now
		for name, full := range p.full {
			if !full.After(now) {
				delete(p.full, name)
			}
		}
	}
	return pass
}

// merge takes a newer event in. An update, and a change of a member that nobody was told of yet, leave the type as it is.
func (h *heldEvent) merge(ev membership.Event) {
	h.merged++
	joined := h.Type == membership.EventJoin && ev.Member.State.Present()
	if ev.Type == membership.EventUpdate || joined && ev.Type != membership.EventForgotten {
		h.Member = ev.Member
		return
	}
	h.Event = ev
}
