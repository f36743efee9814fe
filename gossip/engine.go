package gossip

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/phi"
)

// Engine is one member. See the package comment for what its caller owes it.
//
// It is made of parts. A part begins with the other parts that it reads or calls, and its file with a paragraph that says what
// its states are and who changes them. A part never calls one that stands below it in this list. The engine itself passes what
// comes in through the parts, in the order that the rules need.
type Engine struct {
	cfg   Config
	clock clock // clock.go
	self  self  // self.go
	table *membership.Table

	outbox     outbox     // outputs.go
	detector   detector   // detector.go
	retention  retention  // retention.go
	peers      peers      // peers.go
	pending    pending    // pending.go
	suspicions suspicions // suspicions.go
	rumours    rumours    // rumours.go
	verdicts   verdicts   // verdict.go
	exchange   exchange   // exchange.go
	refusals   refusals   // refusals.go
	awaited    awaited    // remembered.go
	conflicts  conflicts  // names.go

	nextSweep membership.Instant

	waits []float64 // memory of riseFast
}

// New returns an engine for a member that starts now, alone. Its record's Version is set to the first heartbeat. The
// error says what is wrong with record or cfg.
func New(now time.Time, record membership.Record, cfg Config, rng *rand.Rand) (*Engine, error) {
	record.Version = 1
	if err := record.Validate(); err != nil {
		return nil, fmt.Errorf("start member: %w", err)
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("start member %s: %w", record.Name, err)
	}
	e := &Engine{cfg: cfg, table: membership.NewTable(cfg.MaxMembers)}
	e.clock = clock{origin: now, wall: now}
	e.assemble(rng)
	e.self.begin(0, &record)
	e.detector.replies.slowest = record.Interval // of any, before one was seen
	e.pending.probes.silenceOnly = maxSilenceOnly
	e.pending.probes.next.at = endOfTime
	e.expect()
	e.nextSweep = membership.Instant(sweepEvery)
	e.clock.due = e.nextTick()
	return e, nil
}

// assemble lets the parts know each other.
func (e *Engine) assemble(rng *rand.Rand) {
	cfg, clock, self, table, out := &e.cfg, &e.clock, &e.self, e.table, &e.outbox
	e.outbox = outbox{cfg: cfg, self: self, drops: Drops{}}
	e.detector = detector{cfg: cfg, self: self, model: phi.NewModel(cfg.Detector), loss: priorLoss}
	e.retention = retention{cfg: cfg, clock: clock, self: self, table: table, detector: &e.detector, awaited: &e.awaited}
	e.refusals = refusals{clock: clock, table: table, outbox: out}
	e.awaited = awaited{clock: clock, self: self, table: table}
	e.conflicts = conflicts{clock: clock, outbox: out}
	e.peers = peers{cfg: cfg, rng: rng, self: self, table: table}
	e.pending.names = pendingNames{rng: rng, clock: clock, self: self, outbox: out}
	e.pending.goodbyes = pendingGoodbyes{rng: rng, self: self, table: table, outbox: out}
	e.suspicions = suspicions{clock: clock, self: self, table: table, probes: &e.pending.probes, verdict: &e.verdicts.next}
	e.rumours = rumours{
		cfg: cfg, clock: clock, self: self, table: table, peers: &e.peers, outbox: out, retention: &e.retention,
		suspicions: &e.suspicions,
	}
	e.verdicts = verdicts{
		cfg: cfg, clock: clock, self: self, table: table, detector: &e.detector, peers: &e.peers, probes: &e.pending.probes,
		suspicions: &e.suspicions, rumours: &e.rumours, outbox: out,
	}
	e.exchange = exchange{
		cfg: cfg, clock: clock, self: self, table: table, outbox: out, retention: &e.retention, arrivals: e,
	}
}

// Tick does what is due: a round, news and evidence to push, verdicts, probes, forgetting.
func (e *Engine) Tick(now time.Time) Outputs {
	e.enter(now)
	if e.clock.now >= e.self.nextRound {
		e.round()
	}
	e.rumours.pushNews()
	e.verdicts.probeOverdue(e.pending.digests.overdue(e.clock.now))
	e.verdicts.judgeAll()
	e.verdicts.sendProbes()
	e.rumours.pushEvidence()
	e.expireNames()
	if e.clock.now >= e.awaited.next() {
		e.listMissing()
	}
	if e.clock.now >= e.nextSweep {
		e.sweep()
	}
	return e.finish()
}

// round is what happens once per interval: bump, exchange with the next peers on the walk, sometimes try somebody who
// is lost (R4, R5, R11).
func (e *Engine) round() {
	e.self.bump(e.clock.now)
	e.self.nextRound = e.self.nextBump()
	if e.self.record.Leaving {
		e.pending.goodbyes.repeat()
		return
	}
	e.expect()
	e.rumours.answerAccusers()
	e.verdicts.settle()
	e.rumours.repeatForgets()
	e.pending.names.repeat()
	peers := e.roundPeers()
	lost, tries := e.peers.lost()
	if len(peers) == 0 && !tries {
		return
	}
	digest := e.exchange.digest()
	for _, m := range peers {
		e.outbox.send(m.Record.Address, m.Record.Name, e.outbox.spare.digest(digest))
	}
	if tries {
		e.outbox.send(lost, "", e.outbox.spare.digest(digest))
	}
}

// roundPeers returns whom a round exchanges with, and begins to wait for their replies.
func (e *Engine) roundPeers() []*membership.Member {
	digests := &e.pending.digests
	peers := e.peers.ofRound(len(digests.silent), e.suspicions.failed)
	digests.sent(peers, e.clock.now, e.detector.replies.wait(e.self.record.Interval))
	return peers
}

// expect tells the detector how many members there are, and so how old news will be.
func (e *Engine) expect() { e.detector.setPrior(e.table.Len(), e.exchange.columnsBudget()) }

// Receive handles a message that came in a packet, or as an answer on a stream that this side opened.
func (e *Engine) Receive(now time.Time, from netip.AddrPort, m wire.Message) Outputs {
	return e.ReceiveOn(now, 0, from, m)
}

// ReceiveOn handles a message that came on a stream which the other side opened; answers name that stream.
func (e *Engine) ReceiveOn(now time.Time, stream StreamID, from netip.AddrPort, m wire.Message) Outputs {
	e.enter(now)
	if e.accepts(m.Head()) {
		var wants []string
		var refused wire.RefusalReason
		if !asksToJoin(stream, m) { // its sender is not a member yet, whatever its name
			if wants, refused = e.hear(from, m.Head()); tellsOfSender(m) {
				wants = nil
			}
			e.compareClocks(m.SentAt())
		}
		if refused != 0 && m.Kind() == wire.KindDigest {
			e.outbox.send(from, m.Head().From, &wire.Refused{Reason: refused}) // in place of a delta
		} else {
			e.handle(stream, from, m, wants)
		}
	}
	return e.finish()
}

// tellsOfSender reports whether the message brings the record of its sender. To ask for that would lead to nothing new: where the
// record is refused, the two would go on asking and telling for ever.
func tellsOfSender(m wire.Message) bool {
	return slices.ContainsFunc(m.Records(), func(en membership.Entry) bool { return en.Record.Name == m.Head().From })
}

// handle does what a message asks for. Wants is its sender's name when the sender's record is needed.
func (e *Engine) handle(stream StreamID, from netip.AddrPort, m wire.Message, wants []string) {
	switch m := m.(type) {
	case *wire.Digest:
		e.exchange.answerDigest(from, m, wants)
		return
	case *wire.Delta:
		if m.Answer() {
			e.refusals.accepted(m.From)
		}
		e.exchange.applyDelta(from, m, wants)
		return
	case *wire.Sync:
		e.receiveSync(stream, from, m)
		return
	case *wire.Refused:
		e.takeRefusal(m)
		return
	case *wire.Ping:
		e.answerPing(from, m)
	case *wire.Pong:
		e.receivePong(m)
	case *wire.Evidence:
		e.receiveEvidence(from, m)
	}
	if len(wants) > 0 {
		e.outbox.send(from, m.Head().From, &wire.Delta{Wants: wants})
	}
}

// accepts reports whether the message is meant for this member, and its header within bounds (R15).
func (e *Engine) accepts(h *wire.Header) bool {
	switch {
	case h.To != "" && h.To != e.self.record.Name:
		return e.outbox.drop(DropMisaddressed)
	case membership.ValidateName(h.From) != nil, !isCounter(h.Incarnation), !isCounter(h.Heartbeat):
		return e.outbox.drop(DropInvalid)
	}
	return true
}

// isCounter reports whether v can be an incarnation or a heartbeat of a member.
func isCounter(v uint64) bool { return v > 0 && v <= membership.MaxCounter }

// enter begins an input: it sets the clock, and notices when it is read later than it should have been (R9).
func (e *Engine) enter(now time.Time) {
	e.clock.set(now)
	e.outbox.out = Outputs{}
	if e.clock.noticeStall(e.self.record.Interval) {
		e.suspicions.closeAll()
	}
}

// finish ends an input, and returns what it leads to.
func (e *Engine) finish() Outputs {
	next := e.nextTick()
	e.clock.due = max(next, e.clock.now)
	out := e.outbox.take()
	out.NextTick = e.clock.time(next)
	return out
}

// nextTick returns when something is due.
func (e *Engine) nextTick() membership.Instant {
	next := min(e.self.nextRound, e.nextSweep, e.pending.probes.next.at, e.rumours.next(), e.pending.digests.next(),
		e.pending.names.next(), e.awaited.next())
	if e.verdicts.next.at > 0 {
		next = min(next, e.verdicts.next.at)
	}
	return next
}

// Preload makes members known and alive at once, without events and news: a simulation of many begins with it where
// nothing is to be learned from their joining. The entries have to be valid; in the order of the hashes of their names
// they take the least time and memory. Members that are known already, and this one itself, are passed over.
func (e *Engine) Preload(now time.Time, entries []membership.Entry) Outputs {
	e.enter(now)
	e.table.Reserve(len(entries) - 1) // without this one
	for _, en := range entries {
		if en.Record.Name == e.self.record.Name {
			continue
		}
		if c := e.table.Learn(e.clock.now, en, false); c.Learned {
			e.table.Begin(e.clock.now, c.Member)
		}
	}
	e.expect()
	e.peers.shuffle()
	return e.finish()
}
