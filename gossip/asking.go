package gossip

import (
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// asking is this member's own series of questions to one that is in doubt (R8).
type asking struct {
	since uint64             // the heartbeat that was due at the first question; 0: nothing was asked
	began membership.Instant // when that was
	put   int                // questions so far
	next  membership.Instant // when the next one is put, or the opinion formed
	vain  bool               // the opinion is formed: no answer came
	sure  bool               // nor to so many questions that nobody else need agree, or enough did
	alone bool               // that it is silent was the only reason
}

const (
	// opinionDecades is how improbable the silence of a living member has to be for an opinion: −log10 of 1 in 1000. With 1
	// in 100, three witnesses were wrong together about once an hour among 128 members that lose 30 % of their packets.
	opinionDecades = 3

	// leastCertain is how many questions have to stay unanswered at least until nobody else's opinion is needed. Whoever suddenly
	// loses four fifths of what it gets does not know so yet, and with three in vain it called the living dead.
	leastCertain = 24

	// maxAsking bounds how many members are asked at once, beyond exchanges.
	maxAsking = 64

	// maxAlone bounds how many members are asked for their silence alone and answer: as many at first, and then one in each
	// round. Where more do, it is the gossip that is slow, and no question makes it faster.
	maxAlone = 8

	// pace bounds how fast questions follow each other: so many in half an interval.
	pace = 8
)

// askAgain begins to put questions to a member, of which it has not answered the first put. When many are being asked
// already, it is judged again soon. It reports whether questions begin.
func (e *Engine) askAgain(m *membership.Member, put int) bool {
	switch d := e.doubtOf(m); {
	case d != nil && d.asking.since > 0:
		return false
	case len(e.doubts.asked) >= maxAsking:
		e.nextVerdict = min(e.nextVerdict, e.now.Add(e.self.record.Interval/2))
		return false
	}
	d := e.openDoubt(m)
	due := e.now.Sub(m.Bumped()) / m.Record.Interval
	d.asking = asking{since: m.Heartbeat + uint64(max(due, 0)), began: e.now, put: put, next: e.now}
	e.doubts.asked = append(e.doubts.asked, d)
	e.nextQuestion = min(e.nextQuestion, e.now)
	return true
}

// askSilent begins to put questions to a member that nothing but its silence speaks against.
func (e *Engine) askSilent(m *membership.Member) {
	if e.doubts.left > 0 && e.askAgain(m, 0) {
		e.doubtOf(m).asking.alone = true
	}
}

// endAsking ends a series of questions and forgets what came of it.
func (e *Engine) endAsking(d *doubt) {
	if d.asking.alone && !d.asking.vain {
		e.doubts.left--
	}
	d.asking = asking{}
	e.putAway(d)
}

// putAway takes a doubt off the list of those whose members are being asked.
func (e *Engine) putAway(d *doubt) {
	e.recount()
	e.doubts.asked = slices.DeleteFunc(e.doubts.asked, func(other *doubt) bool { return other == d })
}

// putQuestions puts the questions that are due, and forms the opinions that are.
func (e *Engine) putQuestions() {
	if e.now < e.nextQuestion {
		return
	}
	e.nextQuestion = never
	needed, certain := e.needed()
	for _, d := range slices.Clone(e.doubts.asked) {
		if e.now >= d.asking.next {
			e.goOnAsking(d, needed, certain)
		}
	}
	for _, d := range e.doubts.asked {
		e.nextQuestion = min(e.nextQuestion, d.asking.next)
	}
}

// needed returns how many questions in a row have to stay unanswered for an opinion, and for a verdict that nobody else
// shares: these say as much as the silence would. Of two members each has nobody else to ask, and needs that for an opinion.
func (e *Engine) needed() (opinion, certain int) {
	certain = max(e.loss.questions(e.cfg.Dead.Phi), leastCertain)
	if e.Others() <= 1 {
		return certain, certain
	}
	return e.loss.questions(opinionDecades), certain
}

// goOnAsking puts the next question of a series. After the last one it waits for as long as answers take before it
// takes the silence for one. Who is alone with its opinion goes on until it is sure.
func (e *Engine) goOnAsking(d *doubt, needed, certain int) {
	a, interval := &d.asking, e.self.record.Interval
	if a.put >= needed && !a.vain {
		a.vain = true
		e.recount()
		e.tellOpinion(d)
		e.judge(d.member)
	}
	if a.vain {
		if a.sure = a.put >= certain || e.agreed(d); a.sure || !d.member.State.Present() {
			e.putAway(d)
			e.judge(d.member)
			return
		}
		needed = certain
	}
	e.send(d.member.Record.Address, d.member.Record.Name, &wire.Ping{})
	a.put++
	if a.put < needed {
		a.next = e.now.Add(interval / 2 / time.Duration(max(min(needed, pace), 4)))
	} else {
		a.next = e.now.Add(e.answers.wait(interval))
	}
}

// answersDoubt takes a message of the member itself, not from before the questions, as the answer to them.
func (e *Engine) answersDoubt(m *membership.Member, heartbeat uint64) {
	d := e.doubtOf(m)
	if d == nil || d.asking.since == 0 || heartbeat < d.asking.since {
		return
	}
	e.loss.unanswered(d.asking.put - 1)
	e.loss.answered()
	e.endAsking(d)
	e.closeIfEmpty(d)
}
