package gossip

import (
	"strings"
	"time"

	"heartsay/membership"
)

// judgeAll passes the verdicts that are due, and notes when the next one may be (R8): at the latest after half a time-out, for
// those that have become shorter meanwhile.
func (e *Engine) judgeAll() {
	if e.now < e.nextVerdict {
		return
	}
	e.nextVerdict = e.now.Add(max(e.cfg.Suspect.Min, e.usual.suspect/2))
	for _, m := range e.table.All() {
		e.judge(m)
	}
}

// judge passes the verdict on one member whose silence has outlasted a time-out. It never makes anybody alive: only
// an arrival does.
func (e *Engine) judge(m *membership.Member) {
	if !m.State.Present() {
		return
	}
	silence := e.silence(m)
	if !m.HasSuspicion && silence < e.leastLimits(m).suspect { // as nearly all
		e.judgeAt(m, silence)
		return
	}
	if suspect, _ := e.limits(m); silence >= suspect {
		e.askSilent(m)
	}
	if suspect, dead := e.timeouts(m); silence >= suspect {
		if m.State == membership.Alive {
			e.enterState(m, membership.Suspect, e.grounds(m, silence))
		}
		if silence >= dead {
			e.enterState(m, membership.Dead, e.grounds(m, silence))
			return
		}
	}
	e.judgeAt(m, silence)
}

// timeouts returns at which silence a member becomes suspect and dead as things stand (R8). Without questions of its
// own that stayed unanswered this member waits for as long as it ever does, and for answers. With them the time-outs
// hold, that for dead once it is sure; when enough others have asked in vain too, the least silences, of which all but two
// rounds have to lie after the first question. Nobody is accused who was not asked, or when nobody was heard since. Who is
// not sure yet, or hears nobody at all, waits twice as long as it ever does: it may be the one at fault, or nobody is left
// whom its verdict could help.
func (e *Engine) timeouts(m *membership.Member) (suspect, dead time.Duration) {
	suspect, dead = e.limits(m)
	latest, d := e.latest(m.Record.Interval), e.doubtOf(m)
	switch {
	case d == nil || d.asking.since == 0:
		return forever, forever
	case e.cutOff():
		return suspect, max(2*latest.dead, e.questioned(d))
	case !d.asking.vain || e.unheardSince(d):
		asking, asked := e.questioning(), e.questioned(d)
		return max(latest.suspect+asking, asked), max(latest.dead+asking, asked)
	case e.agreed(d):
		late := e.askedLate(d)
		return min(suspect, e.cfg.Suspect.Min+late), min(dead, e.cfg.Dead.Min+late)
	case !d.asking.sure:
		return suspect, 2 * latest.dead
	}
	return suspect, dead
}

// askedLate returns for how much longer than two rounds a member had been silent before anybody asked it in vain. Who has
// died is asked within two rounds, for it is the successor of somebody. What is longer is the age of the news, as in a large
// cluster, and speaks against nobody: who stalls for a moment there has been silent to an observer for long before. An opinion
// names the heartbeat that was due before the first question. The next one is the first that was due after it.
func (e *Engine) askedLate(d *doubt) time.Duration {
	first := d.asking.since
	for _, o := range d.others {
		first = min(first, o.Heartbeat)
	}
	m := d.member
	return max(e.silence(m)-e.now.Sub(m.Due(first+1))-2*m.Record.Interval, 0)
}

// questioned returns the silence that a member has reached once it has had the time to answer questions, if nobody waits
// for it to be asked in vain: one that is pardoned no more may have been silent for very long by the first of them.
func (e *Engine) questioned(d *doubt) time.Duration {
	if d.asking.vain {
		return 0
	}
	return e.silence(d.member) + d.asking.began.Add(e.questioning()).Sub(e.now)
}

// longest returns the longest silence with which a member that does not stall is present: that to which who seems cut off
// waits (R8), and the time for the questions.
func (e *Engine) longest() time.Duration {
	return 2*e.latest(e.self.record.Interval).dead + e.questioning()
}

// questioning returns how long a member that is silent for as long as anybody waits gets on top of that to be asked.
func (e *Engine) questioning() time.Duration { return 4 * e.self.record.Interval }

// forever is longer than any agent runs, and can be added to any instant.
const forever = 100 * 365 * 24 * time.Hour

// judgeAt sees to it that the member is judged when its next time-out is over. Its own
// one matters only if nobody is judged before even the least one is over. One that becomes shorter meanwhile, as the detector learns, is
// noticed with the next verdict.
func (e *Engine) judgeAt(m *membership.Member, silence time.Duration) {
	if !m.State.Present() || !m.HasSuspicion && !e.mayBeDue(e.leastLimits(m).suspect-silence) {
		return
	}
	due, _ := e.limits(m)
	if d := e.doubtOf(m); silence >= due || d != nil && d.asking.since > 0 {
		suspect, dead := e.timeouts(m)
		if due = suspect; m.State == membership.Suspect {
			due = dead
		}
	}
	e.nextVerdict = min(e.nextVerdict, e.now.Add(max(due-silence, 0)))
}

// mayBeDue reports whether a time-out of which that much is left may be over before anybody is judged.
func (e *Engine) mayBeDue(left time.Duration) bool { return e.now.Add(left) < e.nextVerdict }

// revive takes back a suspicion, or a death, of a member whose newest heartbeat is itself young (R8).
func (e *Engine) revive(m *membership.Member, silence time.Duration) {
	if m.State != membership.Suspect && m.State != membership.Dead {
		return
	}
	if suspect, _ := e.limits(m); silence < suspect {
		e.targets.add(e.rng, m.Record.Name, e.table.Len())
		e.enterState(m, membership.Alive, "heard of again")
	}
}

func (e *Engine) enterState(m *membership.Member, s membership.State, reason string) {
	e.table.SetState(m, s, e.now)
	e.recount()
	e.emit(stateEvent[s], e.view(m), reason)
}

var stateEvent = [...]membership.EventType{
	membership.Alive: membership.EventAlive, membership.Suspect: membership.EventSuspect,
	membership.Dead: membership.EventDead, membership.Left: membership.EventLeft,
}

// grounds says in words why a verdict is passed.
func (e *Engine) grounds(m *membership.Member, silence time.Duration) string {
	words := "silent for " + silence.Round(time.Millisecond).String()
	if !e.inVain(m) {
		return words
	}
	words += ", does not answer"
	var witnesses []string
	for _, o := range e.doubtOf(m).others {
		witnesses = append(witnesses, o.Accuser)
	}
	if len(witnesses) == 0 {
		return words
	}
	return words + "; nor does it answer " + strings.Join(witnesses, ", ")
}
