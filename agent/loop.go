package agent

import (
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/gossip"
	"heartsay/membership"
)

// outgoing is a packet that is ready to be sent.
type outgoing struct {
	to    netip.AddrPort
	bytes []byte
}

// How many packets may wait to be sent, and messages to be handled. More would only grow old.
const (
	outboxSize = 1024
	inboxSize  = 16 // packets wait in the wire, where the oldest goes when there are too many
)

// answersRoom is how many of them may be there before answers are dropped: whoever asks too much must not keep this
// member's own heartbeat from getting out.
const answersRoom = outboxSize * 3 / 4

// loop owns the engine. It ticks before anything else that waits, so that a flood of packets cannot keep the member
// from its rounds.
func (a *Agent) loop() {
	defer close(a.loopEnded)
	defer a.ring.Close() // whoever follows the events ends as well
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now()
	a.save()
	for {
		if now := time.Now(); !now.Before(next) {
			a.metrics.tick(now.Sub(next))
			a.noticeBehind(now)
			next = a.apply(a.engine.Tick(now))
			a.retryOnStreams(now)
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case in := <-a.inbox:
			if a.probes.take(in.message, time.Now()) {
				continue
			}
			if a.strangers.admit(a.engine, in.from.Addr(), in.message, time.Now()) {
				next = a.receive(in)
			}
		case call := <-a.calls:
			call(time.Now())
			if now := time.Now(); now.Before(next) {
				next = now
			} // what the call did may be due earlier: the next tick tells
		case <-a.ending.Done():
			return
		}
	}
}

// receive hands a message that came in a packet to the engine, and returns when the next tick is due.
func (a *Agent) receive(in arrival) (next time.Time) {
	a.noticeLate(in.at, time.Now())
	if in.message.Answer() {
		a.paths.answered(in.message.Head().From, in.from, false, time.Now())
	}
	a.from = in.from
	defer func() { a.from = netip.AddrPort{} }()
	return a.apply(a.engine.Receive(time.Now(), in.from, in.message))
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
	a.engine.Reuse(out)
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
		a.metrics.events.WithLabelValues(ev.Type.String()).Inc()
		a.logEvent(ev)
	}
}

func (a *Agent) logEvent(ev membership.Event) {
	r := ev.Member.Record
	args := []any{"name", r.Name, "address", r.Address, "incarnation", r.Incarnation}
	if ev.Reason != "" {
		args = append(args, "reason", ev.Reason)
	}
	a.log.Log(hclog.LevelFromString(string(apiEventType(ev.Type).Level())), "member "+ev.Type.String(), args...)
}
