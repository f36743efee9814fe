package gossip_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// interval is that of all members in these tests.
const interval = 250 * time.Millisecond

// address returns where the member of a one-letter name lives: a at 10.0.0.1, b at 10.0.0.2.
func address(name string) netip.AddrPort { return sim.Address(int(name[0]-'a') + 1) }

// recordOf returns the record of a member that starts at the epoch.
func recordOf(name string) membership.Record {
	return membership.Record{
		Name: name, Address: address(name), Interval: interval, Incarnation: uint64(sim.Epoch.UnixMilli()), Version: 1,
	}
}

// entryOf returns an entry of a member that started at the epoch, changed as told.
func entryOf(name string, heartbeat uint64, change ...func(*membership.Record)) membership.Entry {
	r := recordOf(name)
	for _, f := range change {
		f(&r)
	}
	return membership.Entry{Record: &r, Heartbeat: heartbeat}
}

// lone is one engine that a test drives by hand: it hears what the test tells it, and what it says goes nowhere.
type lone struct {
	*gossip.Engine
	t    testing.TB
	now  time.Time
	next time.Time
	said gossip.Outputs // since the last call of take

	answering []string // members that answer what they are asked, at once
}

// newLone starts the engine of the member at the epoch.
func newLone(t testing.TB, name string, cfg gossip.Config) *lone {
	t.Helper()
	e, err := gossip.New(sim.Epoch, recordOf(name), cfg, rand.New(rand.NewPCG(1, uint64(name[0]))))
	if err != nil {
		t.Fatal(err)
	}
	l := &lone{Engine: e, t: t, now: sim.Epoch}
	l.keep(e.Tick(l.now))
	return l
}

func (l *lone) keep(out gossip.Outputs) gossip.Outputs {
	l.next = out.NextTick
	l.said.Messages = append(l.said.Messages, out.Messages...)
	l.said.Events = append(l.said.Events, out.Events...)
	l.said.Syncs = append(l.said.Syncs, out.Syncs...)
	if out.Deposed != nil {
		l.said.Deposed = out.Deposed
	}
	return out
}

// run lets time pass, with ticks when they are due, and returns what was said meanwhile.
func (l *lone) run(d time.Duration) gossip.Outputs {
	l.take()
	for end := l.now.Add(d); ; {
		if l.next.After(end) {
			l.now = end
			return l.take()
		}
		if l.next.After(l.now) {
			l.now = l.next
		}
		l.answer(l.keep(l.Tick(l.now)))
	}
}

// answer lets those who answer say that they are there.
func (l *lone) answer(out gossip.Outputs) {
	for _, env := range out.Messages {
		for _, name := range l.answering {
			if env.To == address(name) {
				l.keep(l.Receive(l.now, env.To, &wire.Pong{Header: header(name, l.beats())}))
			}
		}
	}
}

// stall lets time pass without a tick, as when the process is stopped, and then ticks once.
func (l *lone) stall(d time.Duration) gossip.Outputs {
	l.take()
	l.now = l.now.Add(d)
	l.keep(l.Tick(l.now))
	return l.take()
}

// hear hands over a message in a packet, and returns what is said to it.
func (l *lone) hear(from string, m wire.Message) gossip.Outputs {
	l.take()
	l.keep(l.Receive(l.now, address(from), m))
	return l.take()
}

// hearOn is hear on a stream.
func (l *lone) hearOn(stream gossip.StreamID, from string, m wire.Message) gossip.Outputs {
	l.take()
	l.keep(l.ReceiveOn(l.now, stream, address(from), m))
	return l.take()
}

func (l *lone) take() gossip.Outputs {
	out := l.said
	l.said = gossip.Outputs{}
	return out
}

// header is that of a message of a member that started at the epoch.
func header(from string, heartbeat uint64) wire.Header {
	return wire.Header{From: from, Incarnation: uint64(sim.Epoch.UnixMilli()), Heartbeat: heartbeat}
}

// tell hands over entries that another member relays.
func (l *lone) tell(from string, entries ...membership.Entry) gossip.Outputs {
	return l.hear(from, &wire.Delta{Header: header(from, l.beats()), Entries: entries})
}

// beats returns how many heartbeats a member that started at the epoch has by now.
func (l *lone) beats() uint64 { return uint64(l.now.Sub(sim.Epoch)/interval) + 1 }

// view returns how this member sees another, and whether it is in the list.
func (l *lone) view(of string) (membership.View, bool) { return viewIn(l.Snapshot(l.now), of) }

func viewIn(views []membership.View, of string) (membership.View, bool) {
	for _, v := range views {
		if v.Record.Name == of {
			return v, true
		}
	}
	return membership.View{}, false
}

// mustSee returns how this member sees another, which must be in the list.
func (l *lone) mustSee(of string) membership.View {
	l.t.Helper()
	v, ok := l.view(of)
	if !ok {
		l.t.Fatalf("%s is not in the list", of)
	}
	return v
}

// sent returns the messages of one type, and where they go.
func sent[M wire.Message](out gossip.Outputs) (to []netip.AddrPort, messages []M) {
	for _, env := range out.Messages {
		if m, ok := env.Message.(M); ok {
			to, messages = append(to, env.To), append(messages, m)
		}
	}
	return to, messages
}

// happened counts the events of one type about one member.
func happened(events []membership.Event, t membership.EventType, name string) int {
	n := 0
	for _, e := range events {
		if e.Type == t && e.Member.Record.Name == name {
			n++
		}
	}
	return n
}
