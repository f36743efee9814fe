package gossip

import (
	"slices"
	"time"

	"heartsay/membership"
)

// A second opinion beats patience (R8). A member that does not answer is asked again, directly, until only one living
// member in a thousand would have kept silent so: then there is an opinion. Opinions are evidence and no verdicts: they
// say from which heartbeat on somebody asked in vain, and any higher heartbeat refutes them. They are told to others
// (evidence.go), who ask for themselves. Nobody is taken for suspect or dead on the word of others alone, and whoever is alone
// with its opinion goes on asking.

// doubt is what is held against one member.
type doubt struct {
	member *membership.Member
	others []Opinion // of other members, not refuted; at most maxOpinions
	asking asking
	told   bool // that there are enough opinions
	again  int  // how often that is told yet
}

// asking is this member's own series of questions.
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
	// enoughOpinions is how many members have to have asked in vain, this one included, to cut the patience short. Where
	// fewer are left to ask, that many.
	enoughOpinions = 3

	// opinionDecades is how improbable the silence of a living member has to be for an opinion: −log10 of 1 in 1000. With 1
	// in 100, three witnesses were wrong together about once an hour among 128 members that lose 30 % of their packets.
	opinionDecades = 3

	// leastCertain is how many questions have to stay unanswered at least until nobody else's opinion is needed. Whoever suddenly
	// loses four fifths of what it gets does not know so yet, and with three in vain it called the living dead.
	leastCertain = 24

	// maxOpinions bounds the opinions of others that are kept about one member.
	maxOpinions = enoughOpinions

	// retellings is in how many more rounds an agreement is told: told once to four it misses one member in fifty, and who is
	// missed finds out by itself, much later. With two, one of 128 that lose 30 % was missed in two of a hundred crashes.
	retellings = 3

	// maxAsking bounds how many members are asked at once, beyond exchanges.
	maxAsking = 64

	// maxAlone bounds how many members are asked for their silence alone and answer: as many at first, and then one in each
	// round. Where more do, it is the gossip that is slow, and no question makes it faster.
	maxAlone = 8

	// pace bounds how fast questions follow each other: so many in half an interval.
	pace = 8
)

// doubts are all that are held. They are told of in the order in which they came up.
type doubts struct {
	all     []*doubt
	of      map[*membership.Member]*doubt
	asked   []*doubt // those whose members are being asked, at most maxAsking
	inVain  int      // of them, members that are thought alive and have been asked in vain
	changed bool     // since those were counted
	left    int      // members that may yet be asked for their silence alone, see maxAlone
}

// doubtOf returns what is held against a member, nil for nothing.
func (e *Engine) doubtOf(m *membership.Member) *doubt {
	if !m.Doubted {
		return nil
	}
	return e.doubts.of[m]
}

// openDoubt returns what is held against a member, and begins to hold something against it if nothing was.
func (e *Engine) openDoubt(m *membership.Member) *doubt {
	if d := e.doubtOf(m); d != nil {
		return d
	}
	if e.doubts.of == nil {
		e.doubts.of = map[*membership.Member]*doubt{}
	}
	d := &doubt{member: m}
	m.Doubted = true
	e.doubts.all, e.doubts.of[m] = append(e.doubts.all, d), d
	return d
}

func (e *Engine) closeDoubt(d *doubt) {
	e.endAsking(d)
	d.member.Doubted = false
	delete(e.doubts.of, d.member)
	e.doubts.all = slices.DeleteFunc(e.doubts.all, func(other *doubt) bool { return other == d })
}

// closeIfEmpty drops a doubt of which nothing is left.
func (e *Engine) closeIfEmpty(d *doubt) {
	if len(d.others) == 0 && d.asking.since == 0 {
		e.closeDoubt(d)
	}
}

// settleDoubts tells once more in each of a few rounds what enough members agree on, for those whom it has not reached,
// and drops what is held against those who have been gone for so long that no late heartbeat of theirs is under way. It
// makes up for one member that was asked for its silence alone.
func (e *Engine) settleDoubts() {
	e.doubts.left = min(e.doubts.left+1, maxAlone)
	for _, d := range slices.Clone(e.doubts.all) {
		switch {
		case d.told && d.again > 0:
			d.again--
			e.tellOpinion(d)
		case !d.member.State.Present() && e.now.Sub(d.member.Since) > max(e.cfg.DeadGrace, e.longest()):
			e.closeDoubt(d)
		}
	}
}

// forgetDoubts drops all that is held against anybody: this member itself was not listening (R9).
func (e *Engine) forgetDoubts() {
	for _, d := range e.doubts.all {
		d.member.Doubted = false
	}
	e.doubts = doubts{changed: true, left: e.doubts.left}
}

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
	e.send(d.member.Record.Address, d.member.Record.Name, &Ping{})
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

// refute takes a risen heartbeat as the proof that the member lived when it was asked, and tells those who doubt it.
func (e *Engine) refute(m *membership.Member) {
	d := e.doubtOf(m)
	if d == nil {
		return
	}
	spread := d.asking.vain
	if a := d.asking; a.since > 0 && a.since < m.Heartbeat {
		e.loss.unanswered(a.put)
		e.endAsking(d)
	}
	n := len(d.others)
	d.others = slices.DeleteFunc(d.others, func(o Opinion) bool { return o.Heartbeat < m.Heartbeat })
	if spread && d.asking.since == 0 || len(d.others) < n {
		e.tellSign(m)
	}
	e.closeIfEmpty(d)
}

// inVain reports whether this member has asked another one in vain, with no heartbeat since that shows it alive.
func (e *Engine) inVain(m *membership.Member) bool {
	d := e.doubtOf(m)
	return d != nil && d.asking.vain
}

// hearOpinion adds what another member says to what is held against one. Of too many opinions the earliest are kept: they tell
// since when the member does not answer.
func (e *Engine) hearOpinion(m *membership.Member, o Opinion) {
	d := e.openDoubt(m)
	switch i := slices.IndexFunc(d.others, func(known Opinion) bool { return known.Witness == o.Witness }); {
	case i >= 0:
		d.others[i].Heartbeat = max(d.others[i].Heartbeat, o.Heartbeat)
	case len(d.others) < maxOpinions:
		d.others = append(d.others, o)
	default:
		if latest := d.latest(); o.Heartbeat < latest.Heartbeat {
			*latest = o
		}
	}
}

// latest returns that of the others' opinions whose questions began last.
func (d *doubt) latest() *Opinion {
	latest := &d.others[0]
	for i := range d.others {
		if o := &d.others[i]; o.Heartbeat > latest.Heartbeat {
			latest = o
		}
	}
	return latest
}

// agreed reports whether enough members, this one included, have asked the member in vain.
func (e *Engine) agreed(d *doubt) bool {
	return d.asking.vain && 1+len(d.others) >= min(enoughOpinions, 1+e.heard())
}

// shared reports whether enough members have asked the member in vain to tell everybody, whether or not this one has.
func (e *Engine) shared(d *doubt) bool { return len(d.others) >= enoughOpinions || e.agreed(d) }

// heard returns how many other members are thought to be there and have not been asked in vain: those who can give an
// opinion.
func (e *Engine) heard() int {
	if e.doubts.changed {
		inVain := 0
		for _, d := range e.doubts.all {
			if d.asking.vain && d.member.State == membership.Alive {
				inVain++
			}
		}
		e.doubts.changed, e.doubts.inVain = false, inVain
	}
	return e.table.Count(membership.Alive) - e.doubts.inVain
}

// cutOff reports whether several members should be there and none of them can be heard: all have been asked in vain, or
// no message at all has come for a while. Then the fault is more likely here, and this member waits for as long as it ever
// does.
func (e *Engine) cutOff() bool {
	return (e.heard() == 0 || e.now.Sub(e.lastHeard) > e.deaf()) && e.Others() > 1
}

// unheardSince reports whether nobody at all was heard since a member was first asked, though there are others to hear. Then
// its silence says no more about it than about all others.
func (e *Engine) unheardSince(d *doubt) bool { return e.lastHeard <= d.asking.began && e.Others() > 1 }

// deaf returns how long no message at all has to come until a member takes itself for cut off. It gets two messages or
// more in an interval: where three in ten are lost, one such time in fifty thousand goes by without any.
func (e *Engine) deaf() time.Duration { return 4 * e.self.record.Interval }

// reconnect takes note that somebody was heard. After a time in which nobody was, everybody gets a whole time-out to be
// heard of, as after a stall: this member has not been listening (R9).
func (e *Engine) reconnect() {
	if e.now.Sub(e.lastHeard) > e.deaf() {
		e.reconnected = e.now
		e.forgetDoubts()
	}
	if slices.ContainsFunc(e.doubts.all, func(d *doubt) bool { return d.asking.vain && e.unheardSince(d) }) {
		e.reconsider()
	}
	e.lastHeard = e.now
}

// recount takes note that others may be heard, or not, from now on. Time-outs of those in doubt depend on how many are.
func (e *Engine) recount() {
	e.doubts.changed = true
	e.reconsider()
}

// reconsider lets those in doubt be judged anew at once.
func (e *Engine) reconsider() {
	if len(e.doubts.all) > 0 {
		e.nextVerdict = min(e.nextVerdict, e.now)
	}
}
