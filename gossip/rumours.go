package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Rumours are what is pushed to others at once, beside the exchanges of rounds: news of changed records (R12,
// rumours_news.go) and evidence for and against members under suspicion (R8, rumours_evidence.go). Each has a queue. What
// comes up within a tenth of an interval shares a packet, and what does not fit waits for the next one.
//
// Arrivals and the owner's changes add news; verdicts add evidence. Ticks push both. It also knows who accuses this member
// itself, to answer them.
type rumours struct {
	cfg        *Config
	clock      *clock
	self       *self
	table      *membership.Table
	peers      *peers
	outbox     *outbox
	retention  *retention
	suspicions *suspicions

	news     news
	evidence evidence
	later    []forgetting // those that go out again in the next round
	accusers []string     // members that accuse this one, which get its next heartbeat
}

// nextBatch returns when the next packet of a queue may go out: what comes up until then goes with it.
func (r *rumours) nextBatch() membership.Instant {
	return r.clock.now.Add(r.self.record.Interval / 10)
}

// next returns when the next packet of any queue goes out, the end of time when both are empty.
func (r *rumours) next() membership.Instant {
	at := endOfTime
	if len(r.news.names) > 0 {
		at = r.news.next
	}
	if !r.evidence.empty() {
		at = min(at, r.evidence.next)
	}
	return at
}

// maxAccusers bounds how many members an accused one tells of its next heartbeat.
const maxAccusers = 32

// noteAccuser remembers somebody who probes or accuses this member.
func (r *rumours) noteAccuser(name string) {
	if len(r.accusers) < maxAccusers && !slices.Contains(r.accusers, name) {
		r.accusers = append(r.accusers, name)
	}
}

// answerAccusers tells those who accuse this member that its heartbeat has risen: the header of any message does.
func (r *rumours) answerAccusers() {
	for _, name := range r.accusers {
		if m := r.table.Get(name); m != nil {
			r.outbox.send(m.Record.Address, name, &wire.Evidence{})
		}
	}
	r.accusers = r.accusers[:0]
}
