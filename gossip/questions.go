package gossip

import (
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// question is a direct question to whoever claims a name (R14). It is repeated each round, since packets get lost,
// until it is answered or the patience ends.
type question struct {
	nonce    uint64
	to       netip.AddrPort
	name     string
	deadline membership.Instant
	join     *joiner // not nil: somebody waits to join under the name
	above    uint64  // otherwise: the incarnation that somebody else is said to live under this member's own name,
	told     bool    // by others, or by itself
}

// maxQuestions bounds the questions that are open at once.
const maxQuestions = 64

// patience is how long a question waits for its answer: five attempts, but a second at least for slow links.
func (e *Engine) patience() time.Duration { return max(time.Second, 4*e.self.record.Interval) }

// ask puts a question, and reports whether there was room for it. The same question is put once.
func (e *Engine) ask(q question) bool {
	if len(e.questions) >= maxQuestions {
		return e.drop(DropBusy)
	}
	q.nonce, q.deadline = e.rng.Uint64(), e.now.Add(e.patience())
	e.questions = append(e.questions, q)
	e.put(q)
	return true
}

func (e *Engine) put(q question) { e.send(q.to, q.name, &wire.Ping{Nonce: q.nonce}) }

func (e *Engine) repeatQuestions() {
	for _, q := range e.questions {
		e.put(q)
	}
}

// answerPing answers a direct question, and takes the news that came with it.
func (e *Engine) answerPing(from netip.AddrPort, p *wire.Ping) {
	for _, en := range p.News {
		e.learn(en, en.Record.Name == p.From, true)
	}
	if p.Nonce == 0 {
		e.noteCaller(p.From)
	}
	e.send(from, p.From, &wire.Pong{Nonce: p.Nonce})
}

// answered settles the question that a pong answers.
func (e *Engine) answered(from netip.AddrPort, p *wire.Pong) {
	if p.Nonce == 0 || e.confirmLeave(p) { // its header has settled the doubt
		return
	}
	i := slices.IndexFunc(e.questions, func(q question) bool { return q.nonce == p.Nonce && q.name == p.From })
	if i < 0 {
		e.drop(DropUnasked)
		return
	}
	q := e.questions[i]
	e.questions = slices.Delete(e.questions, i, i+1)
	if q.join != nil {
		e.refuse(q.join, q.to)
	} else {
		e.meetLiveNamesake(q.to, p.Incarnation)
	}
}

// expireQuestions settles the questions that nobody answered in time: whoever held the name is gone.
func (e *Engine) expireQuestions() {
	for i := 0; i < len(e.questions); {
		q := e.questions[i]
		if e.now < q.deadline {
			i++
			continue
		}
		e.questions = slices.Delete(e.questions, i, i+1)
		if q.join != nil {
			e.admit(q.join)
		} else if q.above >= e.self.record.Incarnation {
			e.rebirth(q.above)
		}
	}
}

// nextDeadline returns when the first question expires, and whether there is one.
func (e *Engine) nextDeadline() (at membership.Instant, ok bool) {
	for _, q := range e.questions {
		if !ok || q.deadline < at {
			at, ok = q.deadline, true
		}
	}
	return at, ok
}
