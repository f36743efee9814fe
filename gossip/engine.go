package gossip

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/phi"
)

// Engine is one member. See the package comment for what its caller owes it.
type Engine struct {
	cfg    Config
	rng    *rand.Rand
	origin time.Time // instants count from here

	now     membership.Instant // of the input being handled
	wall    time.Time          // the same, as the caller's clock shows it
	horizon membership.Horizon // of that clock
	out     Outputs            // of the input being handled

	self        self
	table       *membership.Table
	model       *phi.Model // of the ages of news of all members, in intervals
	usual       limits
	stall       stall
	targets     targets
	news        news
	questions   []question
	loss        loss
	answers     answers
	doubts      doubts
	lastHeard   membership.Instant // when a message last came
	reconnected membership.Instant // when the last came after a time without any; 0: never
	evidence    evidence
	callers     []string // members that doubt this one, to be told of its next heartbeat
	drops       Drops

	nextRound    membership.Instant
	nextVerdict  membership.Instant
	nextQuestion membership.Instant // to a member in doubt
	nextSweep    membership.Instant
	nextSync     membership.Instant // before it no full exchange is asked for again

	nextRebirth  membership.Instant // before it no further new life begins
	nextConflict membership.Instant // before it no conflict is reported again

	cursor int // bucket that the next digest begins with, when the view does not fit one packet
	turn   int // where the next reply starts among the rosters that do not fit

	scratch scratch
	spare   spare
}

// New returns an engine for a member that starts now, alone. Its record's Version is set to the first heartbeat. The
// error says what is wrong with self or cfg.
func New(now time.Time, record membership.Record, cfg Config, rng *rand.Rand) (*Engine, error) {
	record.Version = 1
	if err := record.Validate(); err != nil {
		return nil, fmt.Errorf("start member: %w", err)
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("start member %s: %w", record.Name, err)
	}
	e := &Engine{
		cfg: cfg, rng: rng, origin: now, wall: now,
		table: membership.NewTable(cfg.MaxMembers),
		drops: Drops{},
		loss:  priorLoss, doubts: doubts{left: maxAlone},

		answers: answers{slowest: record.Interval}, // of any, before one was seen
		model:   phi.NewModel(cfg.Detector),
	}
	e.self.begin(0, &record)
	e.model.SetPrior(e.priorAge())
	e.nextQuestion = never
	e.nextRound = e.self.nextBump()
	e.nextSweep = sweepEvery
	e.stall.due = e.nextTick()
	return e, nil
}

// Tick does what is due: a round, news to push, verdicts, questions that were not answered, forgetting.
func (e *Engine) Tick(now time.Time) Outputs {
	e.enter(now)
	if e.now >= e.nextRound {
		e.round()
	}
	if e.news.due(e.now) {
		e.pushNews()
	}
	e.doubtSilentPeers()
	e.judgeAll()
	e.putQuestions()
	e.pushEvidence()
	e.expireQuestions()
	if e.now >= e.nextSweep {
		e.sweep()
	}
	return e.leaveWith()
}

// Receive handles a message that came in a packet, or as an answer on a stream that this side opened.
func (e *Engine) Receive(now time.Time, from netip.AddrPort, m wire.Message) Outputs {
	return e.ReceiveOn(now, 0, from, m)
}

// ReceiveOn handles a message that came on a stream which the other side opened; answers name that stream.
func (e *Engine) ReceiveOn(now time.Time, stream StreamID, from netip.AddrPort, m wire.Message) Outputs {
	e.enter(now)
	if e.accepts(m.Head()) {
		var wants []string
		if !asksToJoin(stream, m) { // who asks is not a member yet, whatever its name
			wants = e.hear(from, m.Head())
		}
		e.handle(stream, from, m, wants)
	}
	return e.leaveWith()
}

func (e *Engine) handle(stream StreamID, from netip.AddrPort, m wire.Message, wants []string) {
	switch m := m.(type) {
	case *wire.Digest:
		e.answerDigest(from, m, wants)
		return
	case *wire.Sync:
		e.receiveSync(stream, from, m)
		return
	case *wire.Delta:
		e.applyDelta(from, m, wants)
		return
	case *wire.Ping:
		e.answerPing(from, m)
	case *wire.Pong:
		e.answered(from, m)
	case *wire.Evidence:
		e.receiveEvidence(from, m)
	case *wire.Refused:
		return // for the one who asked to join: the caller, who opened the stream, tells it
	}
	if len(wants) > 0 {
		e.send(from, m.Head().From, &wire.Delta{Wants: wants})
	}
}

// accepts reports whether the message is meant for this member.
func (e *Engine) accepts(h *wire.Header) bool {
	switch {
	case h.To != "" && h.To != e.self.record.Name:
		return e.drop(DropMisaddressed)
	case membership.ValidateName(h.From) != nil, !counts(h.Incarnation), !counts(h.Heartbeat):
		return e.drop(DropInvalid)
	}
	return true
}

// counts reports whether v can be a counter of a member.
func counts(v uint64) bool { return v > 0 && v <= membership.MaxCounter }

// enter begins an input: it sets the clock, and notices when it is read later than it should have been (R9).
func (e *Engine) enter(now time.Time) {
	e.setClock(now)
	e.out = Outputs{}
	e.noticeStall()
}

// setClock sets the time. It never goes back, whatever the wall clock shows.
func (e *Engine) setClock(now time.Time) {
	e.now = max(e.now, membership.Instant(now.Sub(e.origin)))
	e.wall, e.horizon = now, membership.HorizonAt(now)
}

// leaveWith ends an input.
func (e *Engine) leaveWith() Outputs {
	next := e.nextTick()
	e.stall.due = max(next, e.now)
	e.out.NextTick = e.time(next)
	out := e.out
	e.out = Outputs{}
	return out
}

func (e *Engine) nextTick() membership.Instant {
	next := min(e.nextRound, e.nextSweep)
	if e.nextVerdict > 0 {
		next = min(next, e.nextVerdict)
	}
	next = min(next, e.nextQuestion)
	if at, ok := e.news.at(); ok {
		next = min(next, at)
	}
	if !e.evidence.empty() {
		next = min(next, e.evidence.next)
	}
	if len(e.targets.silent) > 0 {
		next = min(next, e.targets.due)
	}
	if at, ok := e.nextDeadline(); ok {
		next = min(next, at)
	}
	return next
}

// never is later than any instant.
const never = membership.Instant(math.MaxInt64)

// time returns the caller's time of an instant.
func (e *Engine) time(t membership.Instant) time.Time { return e.origin.Add(time.Duration(t)) }

// send puts a message to a member, by its name and address, among the outputs.
func (e *Engine) send(to netip.AddrPort, name string, m wire.Message) {
	e.stamp(m.Head(), name)
	e.post(Envelope{To: to, Message: m})
}

func (e *Engine) post(env Envelope) {
	if e.out.Messages == nil {
		e.out.Messages, e.spare.messages = e.spare.messages, nil
	}
	e.out.Messages = append(e.out.Messages, env)
}

// stamp fills in the header of a message of this member.
func (e *Engine) stamp(h *wire.Header, to string) {
	h.From, h.Incarnation, h.Heartbeat, h.To = e.self.record.Name, e.self.record.Incarnation, e.self.heartbeat, to
}

func (e *Engine) emit(t membership.EventType, v membership.View, reason string) {
	e.out.Events = append(e.out.Events, membership.Event{Type: t, Member: v, Reason: reason})
}
