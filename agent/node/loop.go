package node

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"heartsay/agent/internal/fallback"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// loop is what one goroutine owns: nobody else reads or writes it, and only [Node.do] hands it out. It asks its node
// for what is safe for concurrent use: to queue a packet, to publish an event, to count.
//
// What comes in ends here: ticks, messages ([loop.receive], or a stream by do), and calls. Each of them goes to the
// engine, and what the engine asks for goes through [loop.apply].
type loop struct {
	node     *Node
	engine   *gossip.Engine
	codec    *wire.Codec
	routes   *fallback.Table // which way leads to whom
	links    links           // streams in place of packets that this node opened
	overload overload
	newNames newNames  // how many names each source may still bring
	suspect  Threshold // as they are now
	dead     Threshold
	held     map[netip.AddrPort]heldReply // replies that wait for a proof, see unproven.go

	challenges   challenges   // what asks for proofs
	destinations destinations // what addresses may still get that have none
	pace         pace         // events that wait, see pace.go
	madeWay      time.Time    // when it was last logged that the list is full
}

func newLoop(n *Node, now time.Time, incarnation uint64, random *rand.Rand) (*loop, error) {
	cfg := &n.cfg
	engine, err := gossip.New(now, cfg.record(incarnation), cfg.engine(n.seal.Overhead()), random)
	if err != nil {
		return nil, err
	}
	return &loop{
		node: n, engine: engine, codec: wire.NewCodec(), routes: fallback.New(cfg.Interval),
		newNames: newNewNames(now), challenges: newChallenges(now), destinations: newDestinations(),
		suspect: cfg.Suspect, dead: cfg.Dead, held: map[netip.AddrPort]heldReply{}, pace: pace{self: cfg.Name},
	}, nil
}

// run turns until the node ends. It ticks before anything else that waits, so that a flood of packets cannot keep the
// member from its rounds.
func (l *loop) run() {
	n := l.node
	defer close(n.loopEnded)
	defer n.ring.Close() // followers of the events end as well
	defer l.saveLast()
	defer func() { l.publish(l.pace.due(time.Now(), true)) }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	next := time.Now()
	for {
		if now := time.Now(); !now.Before(next) {
			next = l.tick(now, now.Sub(next))
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case in := <-n.inbox:
			next = l.take(in, next)
		case call := <-n.calls:
			call(l, time.Now())
			if now := time.Now(); now.Before(next) {
				next = now
			} // what the call did may be due earlier: the next tick tells
		case <-n.ending.Done():
			return
		}
	}
}

// tick lets the engine do what is due, and returns when it wants its next tick.
func (l *loop) tick(now time.Time, late time.Duration) (next time.Time) {
	if l.node.observer != nil {
		l.node.observer.LoopLag(max(0, late))
	}
	l.noticeOverload(now)
	next = l.apply(l.engine.Tick(now), reply{})
	l.repeatOnStreams(now)
	l.publish(l.pace.due(now, false))
	return next
}

// take handles what came in a packet, and returns when the next tick is due.
func (l *loop) take(in arrival, next time.Time) time.Time {
	now := time.Now()
	if l.takeProof(in.message, in.from, now) || l.node.probes.take(in.message, now) {
		return next
	}
	back := reply{to: in.from, room: l.room(in.from, in.size, now)}
	if l.admits(in.from.Addr(), in.message, now) {
		l.noticeLate(in.at, now)
		next = l.receive(in, back)
	}
	l.askProof(back, now)
	return next
}

// reply is the way back to the sender of the message that is being handled. The zero value: it has none.
type reply struct {
	to   netip.AddrPort // whom the engine thinks it talks with
	link *link          // the stream that brought it; nil: a packet did
	room *int           // bytes that may still go back; nil: any
}

// receive hands a message to the engine, whose replies go back the way that it came. It returns when the next tick is due.
func (l *loop) receive(in arrival, back reply) (next time.Time) {
	now := time.Now()
	l.routes.Answered(in.message, in.from, back.link != nil, now)
	return l.apply(l.engine.Receive(now, in.from, in.message), back)
}

// apply does what the engine asks for, and returns when it wants its next tick.
func (l *loop) apply(out gossip.Outputs, back reply) time.Time {
	n := l.node
	for _, env := range out.Messages {
		if env.Stream != 0 {
			n.streams.answer(env.Stream, env.Message)
		} else {
			l.post(env, back)
		}
	}
	if len(out.Events) > 0 {
		l.publish(l.pace.take(out.Events, time.Now()))
		n.saves.change()
	}
	for _, peer := range out.Syncs {
		n.running.Go(func() { n.fetch(peer) })
	}
	if out.Deposed != nil {
		n.fail(&ConflictError{Name: n.cfg.Name, Holder: out.Deposed.Holder})
	}
	if over, told := l.engine.HasLeft(); over {
		l.hasLeft(told)
	}
	l.engine.Reuse(out)
	return out.NextTick
}

// self returns how the member sees itself.
func (l *loop) self(now time.Time) membership.View {
	for _, v := range l.engine.Snapshot(now) {
		if v.Record.Name == l.node.cfg.Name {
			return v
		}
	}
	panic("node: its own member is not in the view")
}

// hasLeft takes note that the goodbye is over, and how many confirmed it.
func (l *loop) hasLeft(told int) {
	select {
	case <-l.node.left:
	default:
		l.node.told.Store(int64(told))
		close(l.node.left)
	}
}
