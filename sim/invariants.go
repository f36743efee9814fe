package sim

import (
	"fmt"
	"iter"
	"net/netip"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Broken says that an engine did what no engine may ever do, whatever the network does.
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
//   - no member is suspect or dead in its own view;
//   - incarnation and heartbeat of a member never go back in a view, and rise when a forgotten one returns;
//   - a view holds a name once, and one address belongs to its incarnation;
//   - events follow from each other: only an alive member becomes suspect, only a suspect one dead, and so on; the view is
//     what the events say;
//   - the counters in the messages of one life never go back.
//
// Its methods return "" or what is broken.
type checker struct {
	tombstone time.Duration // for how long a forgotten member is remembered
	views     views
	sent      map[netip.AddrPort]counter // highest in the messages from an address
}

type counter struct{ incarnation, heartbeat uint64 }

func (c counter) less(d counter) bool {
	return c.incarnation < d.incarnation || c.incarnation == d.incarnation && c.heartbeat < d.heartbeat
}

func (c counter) String() string { return fmt.Sprintf("%d/%d", c.incarnation, c.heartbeat) }

func newChecker(tombstone time.Duration) *checker {
	return &checker{tombstone: tombstone, views: newViews(), sent: map[netip.AddrPort]counter{}}
}

// forgotUnlisted notes that an observer was asked to forget a member. Of one that it lists, an event tells as well.
func (c *checker) forgotUnlisted(observer, name string) {
	view := c.views.of(observer)
	if view.unlisted == nil {
		view.unlisted = map[int]bool{}
	}
	view.unlisted[c.views.number(name)] = true
}

// forget begins an observer's view anew, since it starts again.
func (c *checker) forget(observer string) { c.views.of(observer).forget() }

// preloaded notes that each of these members learned of all others at once.
func (c *checker) preloaded(entries []membership.Entry) {
	last := 0
	for _, en := range entries {
		last = max(last, c.views.subject(en.Record))
	}
	for _, own := range entries {
		o := c.views.of(own.Record.Name)
		o.entry(last) // makes room for all
		for _, en := range entries {
			if en.Record != own.Record {
				h := o.entry(c.views.subject(en.Record))
				c.views.advance(h, en)
				o.show(h, membership.Alive)
			}
		}
	}
}

// event checks an event of an observer.
func (c *checker) event(at time.Duration, observer string, e membership.Event) string {
	v := e.Member
	name, own := v.Record.Name, v.Record.Name == OwnName(observer)
	if fault := c.own(own, name, v.State); fault != "" {
		return fault
	}
	o := c.views.of(observer)
	number := c.views.subject(v.Record)
	h := o.entry(number)
	fault := c.follows(at, o, number, own, e)
	if fault == "" {
		fault = c.views.advance(h, membership.Entry{Record: v.Record, Heartbeat: v.Heartbeat})
	}
	switch {
	case fault != "":
		return fmt.Sprintf("%s of %s at %s: %s", e.Type, name, observer, fault)
	case own || e.Type == membership.EventConflict:
	case e.Type == membership.EventForgotten:
		o.hide(h, number, at)
	default:
		o.show(h, v.State)
	}
	return ""
}

// own checks that a member is neither suspect nor dead in its own view.
func (c *checker) own(own bool, name string, s membership.State) string {
	if own && (s == membership.Suspect || s == membership.Dead) {
		return fmt.Sprintf("%s is %s in its own view", name, s)
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
func (c *checker) follows(at time.Duration, o *observerView, number int, own bool, e membership.Event) string {
	v, h := e.Member, o.entry(number)
	if want, ok := becomes[e.Type]; ok && v.State != want {
		return fmt.Sprintf("the member is %s", v.State)
	}
	now, known := counter{v.Record.Incarnation, v.Heartbeat}, c.views.counter(h)
	switch {
	case e.Type == membership.EventConflict, own:
		return ""
	case !h.listed && (e.Type == membership.EventJoin || e.Type == membership.EventLeft):
		if since, ok := o.forgotten[number]; ok && at-since >= c.tombstone {
			h.record, h.heartbeat = 0, 0 // no tombstone stands any more
		} else if ok && !known.less(now) {
			return fmt.Sprintf("it was forgotten at %s and returns at %s", known, now)
		}
		return ""
	case !h.listed && e.Type == membership.EventDead && e.Reason == gossip.NotHeard:
		return ""
	case !h.listed:
		return "it is not in the view"
	case e.Type == membership.EventJoin:
		if h.state != membership.Left || known.incarnation >= now.incarnation {
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

// view checks the whole view of an observer.
func (c *checker) view(observer string, view iter.Seq2[membership.Entry, membership.State]) string {
	o, shown := c.views.of(observer), 0
	c.views.beginView()
	for en, state := range view {
		name, number := en.Record.Name, c.views.subject(en.Record)
		if c.views.seenInView(number) {
			return fmt.Sprintf("the view of %s shows %s twice", observer, name)
		}
		if name == OwnName(observer) {
			if fault := c.own(true, name, state); fault != "" {
				return fault
			}
			continue
		}
		h := o.entry(number)
		if !h.listed || h.state != state {
			return fmt.Sprintf("the view of %s shows %s as %s, which no event said", observer, name, state)
		}
		if fault := c.views.advance(h, en); fault != "" {
			return fmt.Sprintf("the view of %s of %s: %s", observer, name, fault)
		}
		shown++
	}
	if shown != o.shown {
		return fmt.Sprintf("the view of %s shows %d members fewer than its events said", observer, o.shown-shown)
	}
	return ""
}

// message checks the counters of the sender of a message. An older life cannot speak any more: it has stopped.
func (c *checker) message(from netip.AddrPort, m wire.Message) string {
	h := *m.Head()
	now := counter{h.Incarnation, h.Heartbeat}
	if now.less(c.sent[from]) {
		return fmt.Sprintf("%s at %s sends the counter %s after %s", h.From, from, now, c.sent[from])
	}
	c.sent[from] = now
	return ""
}
