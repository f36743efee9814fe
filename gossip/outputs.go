package gossip

import (
	"maps"
	"net/netip"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Outputs is what the caller must do next, in order.
type Outputs struct {
	Messages []Envelope         // to send; best effort, may be lost
	Events   []membership.Event // to publish
	Syncs    []netip.AddrPort   // to make a full exchange with, on a stream: see [Engine.OpenSync]
	Deposed  *Deposed           // not nil: another life holds the name; publish the events, then stop
	NextTick time.Time          // call Tick at or just after this instant
}

// Envelope is a message and where it goes.
type Envelope struct {
	To      netip.AddrPort
	Stream  StreamID // not 0: an answer on that stream. 0: in a packet
	Message wire.Message
}

// StreamID names a stream that somebody opened to this member. The caller chooses the numbers, from 1.
type StreamID uint64

// Deposed says that a live agent elsewhere holds this member's name by right of the higher incarnation (R14).
type Deposed struct {
	Holder      netip.AddrPort
	Incarnation uint64
}

// Drop is why something that came from outside was not acted upon (R15).
type Drop string

const (
	DropMisaddressed Drop = "misaddressed" // meant for a member of another name
	DropInvalid      Drop = "invalid"      // a name, record or counter out of bounds
	DropClock        Drop = "clock"        // an incarnation or heartbeat that time does not allow
	DropInterval     Drop = "interval"     // another interval within one incarnation
	DropFull         Drop = "full"         // the table is full
	DropBuried       Drop = "buried"       // a forgotten member, without news of its return
	DropNotMine      Drop = "not_mine"     // something about this member that it never said
	DropUnasked      Drop = "unasked"      // the answer to a probe that was not sent
	DropBusy         Drop = "busy"         // too many probes of names are open
	Deferred         Drop = "deferred"     // not a fault: members whose part of a reply waits for another exchange
)

// Drops counts by reason.
type Drops map[Drop]uint64

// Drops returns the counts so far. The caller owns the result.
func (e *Engine) Drops() Drops { return maps.Clone(e.outbox.drops) }

// The outbox gathers what one input leads to: messages, events, and counts of what was dropped. It fills in the headers of
// messages, and knows how much a packet holds (R17). Every part puts something into it; the engine empties it at the end
// of each input.
type outbox struct {
	cfg   *Config
	self  *self
	out   Outputs // of the input being handled
	drops Drops
	spare spare // memory for the next messages
}

// send adds a message in a packet to a member, by its address and name; "" when the name is not known.
func (o *outbox) send(to netip.AddrPort, name string, m wire.Message) {
	o.self.stamp(m.Head(), name)
	o.post(Envelope{To: to, Message: m})
}

// post adds a message whose header is complete.
func (o *outbox) post(env Envelope) {
	if o.out.Messages == nil {
		o.out.Messages, o.spare.messages = o.spare.messages, nil
	}
	o.out.Messages = append(o.out.Messages, env)
}

// emit adds an event.
func (o *outbox) emit(t membership.EventType, v membership.View, reason string) {
	o.out.Events = append(o.out.Events, membership.Event{Type: t, Member: v, Reason: reason})
}

// drop counts something that is not acted upon, and returns false for the caller to pass on.
func (o *outbox) drop(why Drop) bool {
	o.drops[why]++
	return false
}

// take returns what was gathered, and begins anew.
func (o *outbox) take() Outputs {
	out := o.out
	o.out = Outputs{}
	return out
}

// budget is how many bytes are left of a packet (R17).
type budget int

// take reports whether n bytes are left, and takes them.
func (b *budget) take(n int) bool {
	if n > int(*b) {
		return false
	}
	*b -= budget(n)
	return true
}

// budgetTo returns how many bytes one packet has for its parts, after its header and fixed fields. To is the name of the
// receiver.
func (o *outbox) budgetTo(to string) budget {
	return budget(o.cfg.MaxPayload - wire.FixedSize - wire.SizeString(o.self.record.Name) - wire.SizeString(to))
}

// budget returns how many bytes a packet has for its parts, to any member.
func (o *outbox) budget() budget { return o.budgetTo("") - wire.MaxNameSize }
