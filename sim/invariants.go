package sim

import (
	"fmt"
	"net/netip"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
)

// Broken says that an engine did what none may ever do, whatever the network does.
type Broken struct {
	Seed uint64
	At   time.Duration // virtual time since the start
	What string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("promise broken at %s, seed %d: %s", b.At, b.Seed, b.What)
}

// checker watches over what is promised always, step by step:
//
//   - nobody is suspect or dead in its own view;
//   - incarnation and heartbeat of a member never go back in a view, and rise when a forgotten one returns;
//   - a view holds a name once, and one address belongs to its incarnation;
//   - events follow from each other: suspect only who is alive, dead only who is suspect, and so on; and the view is
//     what the events say;
//   - the counters in the messages of one life never go back.
//
// Its methods return "" or what is broken.
type checker struct {
	tombstone time.Duration // for how long a forgotten member is remembered
	views     map[string]map[string]*held
	sent      map[netip.AddrPort]counter // highest in the messages from an address
}

// held is how an observer's view holds a name, as its events tell it.
type held struct {
	record    *membership.Record
	counter   counter
	state     membership.State
	forgotten time.Duration // when; only when gone
	gone      bool
}

type counter struct{ incarnation, heartbeat uint64 }

func (c counter) less(d counter) bool {
	return c.incarnation < d.incarnation || c.incarnation == d.incarnation && c.heartbeat < d.heartbeat
}

func (c counter) String() string { return fmt.Sprintf("%d/%d", c.incarnation, c.heartbeat) }

func newChecker(tombstone time.Duration) *checker {
	return &checker{tombstone: tombstone, views: map[string]map[string]*held{}, sent: map[netip.AddrPort]counter{}}
}

// forget begins an observer's view anew, since it starts again.
func (c *checker) forget(observer string) { delete(c.views, observer) }

// event checks an event of an observer.
func (c *checker) event(at time.Duration, observer string, e membership.Event) string {
	v := e.Member
	if fault := c.own(observer, v); fault != "" {
		return fault
	}
	view := c.views[observer]
	if view == nil {
		view = map[string]*held{}
		c.views[observer] = view
	}
	name := v.Record.Name
	h := view[name]
	if h == nil {
		h = &held{gone: true, forgotten: -c.tombstone}
		if name == observer {
			h.gone = false
		}
		view[name] = h
	}
	if fault := c.follows(at, h, name == observer, e); fault != "" {
		return fmt.Sprintf("%s of %s at %s: %s", e.Type, name, observer, fault)
	}
	if fault := h.advance(v); fault != "" {
		return fmt.Sprintf("%s of %s at %s: %s", e.Type, name, observer, fault)
	}
	switch e.Type {
	case membership.EventForgotten:
		h.gone, h.forgotten = true, at
	case membership.EventConflict:
	default:
		h.gone, h.state = false, v.State
	}
	return ""
}

// own checks that nobody is suspect or dead in its own view.
func (c *checker) own(observer string, v membership.View) string {
	if v.Record.Name == observer && (v.State == membership.Suspect || v.State == membership.Dead) {
		return fmt.Sprintf("%s is %s in its own view", observer, v.State)
	}
	return ""
}

// after says from which states each event may come; joins are a case of their own.
var after = map[membership.EventType][]membership.State{
	membership.EventSuspect:   {membership.Alive},
	membership.EventDead:      {membership.Suspect},
	membership.EventAlive:     {membership.Alive, membership.Suspect, membership.Dead},
	membership.EventLeft:      {membership.Alive, membership.Suspect, membership.Dead},
	membership.EventUpdate:    {membership.Alive, membership.Suspect, membership.Dead, membership.Left},
	membership.EventForgotten: {membership.Alive, membership.Suspect, membership.Dead, membership.Left},
}

// becomes says which state an event leads to, for those that say so.
var becomes = map[membership.EventType]membership.State{
	membership.EventJoin: membership.Alive, membership.EventAlive: membership.Alive,
	membership.EventSuspect: membership.Suspect, membership.EventDead: membership.Dead, membership.EventLeft: membership.Left,
}

// follows checks that an event can come after those before.
func (c *checker) follows(at time.Duration, h *held, own bool, e membership.Event) string {
	v := e.Member
	if want, ok := becomes[e.Type]; ok && v.State != want {
		return fmt.Sprintf("the member is %s", v.State)
	}
	now := counter{v.Record.Incarnation, v.Heartbeat}
	switch {
	case e.Type == membership.EventConflict, own:
		return ""
	case h.gone && (e.Type == membership.EventJoin || e.Type == membership.EventLeft):
		if at-h.forgotten < c.tombstone && !h.counter.less(now) {
			return fmt.Sprintf("it was forgotten at %s and returns at %s", h.counter, now)
		}
		return ""
	case h.gone:
		return "it is not in the view"
	case e.Type == membership.EventJoin:
		if h.state != membership.Left || h.record.Incarnation >= v.Record.Incarnation {
			return fmt.Sprintf("it is in the view already, %s", h.state)
		}
		return ""
	}
	for _, s := range after[e.Type] {
		if h.state == s {
			return ""
		}
	}
	return "it was " + h.state.String()
}

// advance takes the counters of a view of the member; they never go back, and the address stays within a life.
func (h *held) advance(v membership.View) string {
	now := counter{v.Record.Incarnation, v.Heartbeat}
	switch {
	case now.less(h.counter):
		return fmt.Sprintf("the counter goes back from %s to %s", h.counter, now)
	case h.record != nil && h.record.Incarnation == v.Record.Incarnation && h.record.Address != v.Record.Address:
		return fmt.Sprintf("the address of incarnation %d changes from %s to %s", now.incarnation, h.record.Address,
			v.Record.Address)
	}
	h.record, h.counter = v.Record, now
	return ""
}

// view checks the whole view of an observer.
func (c *checker) view(observer string, views []membership.View) string {
	held := c.views[observer]
	shown, before := 0, ""
	for _, v := range views {
		name := v.Record.Name
		if name <= before {
			return fmt.Sprintf("the view of %s shows %s after %s", observer, name, before)
		}
		before = name
		if fault := c.own(observer, v); fault != "" {
			return fault
		}
		if name == observer {
			continue
		}
		h := held[name]
		if h == nil || h.gone || h.state != v.State {
			return fmt.Sprintf("the view of %s shows %s as %s, which no event said", observer, name, v.State)
		}
		if fault := h.advance(v); fault != "" {
			return fmt.Sprintf("the view of %s of %s: %s", observer, name, fault)
		}
		shown++
	}
	for name, h := range held {
		if name != observer && !h.gone {
			shown--
		}
	}
	if shown != 0 {
		return fmt.Sprintf("the view of %s shows %d members fewer than its events said", observer, -shown)
	}
	return ""
}

// message checks the counters of the sender of a message. An older life cannot speak any more: it has stopped.
func (c *checker) message(from netip.AddrPort, m gossip.Message) string {
	h := headerOf(m)
	now := counter{h.Incarnation, h.Heartbeat}
	if now.less(c.sent[from]) {
		return fmt.Sprintf("%s at %s sends the counter %s after %s", h.From, from, now, c.sent[from])
	}
	c.sent[from] = now
	return ""
}
