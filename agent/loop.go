package agent

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
)

// outgoing is a packet that is ready to be sent.
type outgoing struct {
	to    netip.AddrPort
	bytes []byte
}

// outboxSize is how many packets may wait to be sent. More would only grow old.
const outboxSize = 1024

// loop owns the engine. It ticks before anything else that waits, so that a flood of packets cannot keep the member
// from its rounds.
func (a *Agent) loop() {
	defer close(a.loopEnded)
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now()
	a.save()
	for {
		if now := time.Now(); !now.Before(next) {
			next = a.apply(a.engine.Tick(now))
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case p, ok := <-a.wire.Packets():
			if ok {
				next = a.receivePacket(p, next)
			}
		case call := <-a.calls:
			call(time.Now())
			next = time.Now() // what the call did may be due earlier: the next tick tells
		case <-a.ending.Done():
			return
		}
	}
}

// receivePacket hands a packet to the engine, if it is a message, and returns when the next tick is due.
func (a *Agent) receivePacket(p Packet, next time.Time) time.Time {
	a.drops.traffic("packets_received", "bytes_received", len(p.Bytes))
	m, ok := a.open(p.Bytes, p.From)
	if !ok {
		return next
	}
	return a.apply(a.engine.Receive(time.Now(), p.From, m))
}

// open returns the message in a packet; what is none is counted.
func (a *Agent) open(b []byte, from netip.AddrPort) (gossip.Message, bool) {
	payload, err := a.envelope.Open(b, ClassPacket)
	if err == nil {
		var m gossip.Message
		if m, err = a.codec.Decode(payload); err == nil {
			return m, true
		}
	}
	a.dropped(err, from)
	return nil, false
}

// apply does what the engine asks for, and returns when it wants its next tick.
func (a *Agent) apply(out gossip.Outputs) time.Time {
	for _, env := range out.Messages {
		if env.Stream != 0 {
			a.streams.answer(env.Stream, env.Message)
		} else {
			a.post(env)
		}
	}
	if len(out.Events) > 0 {
		a.publish(out.Events)
		a.save()
	}
	for _, peer := range out.Syncs {
		a.running.Go(func() { a.fetch(peer) })
	}
	if out.Deposed != nil {
		a.fail(&ConflictError{Name: a.cfg.Name, Holder: out.Deposed.Holder})
	}
	if over, told := a.engine.HasLeft(); over {
		a.goneFrom(told)
	}
	return out.NextTick
}

func (a *Agent) goneFrom(told int) {
	select {
	case <-a.left:
	default:
		a.told.Store(int64(told))
		close(a.left)
	}
}

// post seals a message and queues it to be sent. When the queue is full the message is lost, as packets may be.
func (a *Agent) post(env gossip.Envelope) {
	payload, err := a.codec.Encode(env.Message)
	if err != nil {
		panic(fmt.Sprintf("agent: %v", err)) // every message has a wire form
	}
	select {
	case a.outbox <- outgoing{env.To, a.envelope.Seal(nil, ClassPacket, payload)}:
	default:
		a.drops.count("outbox_full")
	}
}

// sendPackets sends what is queued.
func (a *Agent) sendPackets() {
	for {
		select {
		case p := <-a.outbox:
			if err := a.wire.Send(p.to, p.bytes); err != nil {
				a.drops.count("send_failed")
				a.log.Debug("send packet", "to", p.to, "error", err)
				continue
			}
			a.drops.traffic("packets_sent", "bytes_sent", len(p.bytes))
		case <-a.loopEnded:
			return
		}
	}
}

// publish puts events into the ring and the log.
func (a *Agent) publish(events []membership.Event) {
	at := time.Now()
	for _, ev := range events {
		a.ring.Append(apiEvent(at, ev))
		a.logEvent(ev)
	}
}

func (a *Agent) logEvent(ev membership.Event) {
	r := ev.Member.Record
	args := []any{"name", r.Name, "address", r.Address, "incarnation", r.Incarnation}
	if ev.Reason != "" {
		args = append(args, "reason", ev.Reason)
	}
	log := a.log.Info
	if ev.Type == membership.EventDead || ev.Type == membership.EventConflict {
		log = a.log.Warn
	}
	log("member "+strings.ToLower(ev.Type.String()), args...)
}
