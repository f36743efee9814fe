package gossip

import (
	"strings"
	"time"

	"heartsay/membership"
)

// Verdicts are what this member thinks of the others (R8): alive, suspect, dead or left. They never travel (R3).
//
//	          silence ≥ suspect time-out               silence ≥ dead time-out
//	alive ------------------------------> suspect ------------------------------> dead
//	  ^                                      |                                      |
//	  +------ a heartbeat that is young -----+--------------------------------------+
//
//	any state --- the owner leaves ---> left                a new incarnation: alive again
//
// What a time-out is depends on the evidence as things stand (timeouts, in this file): on this member's own probes
// (verdict_probes.go), on accusations of others (verdict_evidence.go), on whether this member is isolated
// (verdict_isolation.go), and on what the model says (detector_timeouts.go).
//
// A tick judges all whose time may have come; a probe or an accusation judges one. Arrivals take verdicts back.
//
// A crash, with an interval of 500 ms, little loss and the default thresholds (minimum 2 s for suspect, 2.75 s for dead). Times
// count from the last heartbeat of the crashed member, as its silence does:
//
//	≤ 1 s      the member before it on the ring sends it a digest, in every other round (peers.go)
//	+ 0.25 s   there is no reply in time (pending.go): it is probed (probe, sendProbes)
//	+ 0.3 s    three probes have failed: this is an accusation (continueProbing), which goes to four members within 50 ms
//	           (rumours_evidence.go)
//	+ 0.4 s    those have probed for themselves (weigh, probe) and accuse as well. A quorum of three is announced to all, who
//	           probe too (announce)
//	2 s        suspect, at each member whose own probes have failed and that knows of the quorum (timeouts, judge)
//	2.75 s     dead
type verdicts struct {
	cfg        *Config
	clock      *clock
	self       *self
	table      *membership.Table
	detector   *detector
	peers      *peers
	probes     *pendingProbes
	suspicions *suspicions
	rumours    *rumours
	outbox     *outbox

	next timer // when somebody is judged next; 0: at the first tick
}

// judgeAll passes the verdicts that are due, and notes when the next one may be: at the latest after half a time-out, for
// those that have become shorter meanwhile.
func (v *verdicts) judgeAll() {
	now := v.clock.now
	if now < v.next.at {
		return
	}
	v.next.at = now.Add(max(v.cfg.Suspect.Min, v.detector.usual.suspect/2))
	for _, m := range v.table.All() {
		v.judge(m)
	}
}

// judge passes the verdict on one member whose silence has outlasted a time-out. It never makes anybody alive: only
// an arrival does.
func (v *verdicts) judge(m *membership.Member) {
	if !m.State.Present() {
		return
	}
	silence := v.silence(m)
	if !m.HasSuspicion && silence < v.detector.usualTimeouts(m).suspect { // as nearly all
		v.scheduleVerdict(m, silence)
		return
	}
	if suspect, _ := v.detector.timeouts(m); silence >= suspect {
		v.probeSilent(m)
	}
	if suspect, dead := v.timeouts(m); silence >= suspect {
		if m.State == membership.Alive {
			v.enter(m, membership.Suspect, v.reason(m, silence))
		}
		if silence >= dead {
			v.enter(m, membership.Dead, v.reason(m, silence))
			return
		}
	}
	v.scheduleVerdict(m, silence)
}

// timeouts returns at which silence a member becomes suspect and dead as things stand. The first row that fits holds:
//
//	this member has sent it no probe                   never: nobody is accused that was not probed
//	this member is isolated                            suspect: by the model; dead: twice the maximum
//	its probes have not failed, or nobody was heard    the maximum and the time to probe
//	   since they began
//	a quorum agrees                                    the minimum, or what the model says if that is less; the probes have to
//	                                                   cover all but two rounds of it, see newsLag
//	its probes are not conclusive                      suspect: by the model; dead: twice the maximum
//	they are                                           by the model
//
// Twice the maximum is for a member that may be the one at fault: it is isolated, or alone with its accusation.
func (v *verdicts) timeouts(m *membership.Member) (suspect, dead time.Duration) {
	suspect, dead = v.detector.timeouts(m)
	longest, u := v.detector.maxTimeouts(v.detector.paceOf(m)), v.suspicions.about(m)
	switch {
	case u == nil || u.probing.since == 0:
		return never, never
	case v.isolated():
		return suspect, max(2*longest.dead, v.probedSilence(u))
	case !u.probing.failed || v.unheardSince(u):
		probing, probed := v.probingTime(), v.probedSilence(u)
		return max(longest.suspect+probing, probed), max(longest.dead+probing, probed)
	case v.suspicions.quorum(u):
		lag := v.newsLag(u)
		return min(suspect, v.cfg.Suspect.Min+lag), min(dead, v.cfg.Dead.Min+lag)
	case !u.probing.conclusive:
		return suspect, 2 * longest.dead
	}
	return suspect, dead
}

// newsLag returns for how much longer than two rounds a member had been silent before anybody probed it without a reply. One
// that has died is probed within two rounds, for it is the successor of somebody. What is longer is the age of the news, as in
// a large cluster, and speaks against nobody: one that stalls for a moment there has been silent to an observer for long
// before. An accusation names the heartbeat that was due before the first probe. The next one is the first that was due after it.
func (v *verdicts) newsLag(u *suspicion) time.Duration {
	first := u.probing.since
	for _, a := range u.accusations {
		first = min(first, a.Heartbeat)
	}
	m := u.member
	return max(v.silence(m)-v.clock.now.Sub(m.Due(first+1))-2*m.Record.Interval, 0)
}

// probedSilence returns the silence that a member has reached once it has had the time to reply to probes, 0 when they have
// failed already. A member whose silence counts again after a stall or an isolation may have been silent for very long by
// the first of them.
func (v *verdicts) probedSilence(u *suspicion) time.Duration {
	if u.probing.failed {
		return 0
	}
	return v.silence(u.member) + u.probing.began.Add(v.probingTime()).Sub(v.clock.now)
}

func (v *verdicts) probingTime() time.Duration { return probingTime(v.self.record.Interval) }

// scheduleVerdict sees to it that the member is judged when its next time-out is over. Its own matters only if nobody is
// judged before even the shortest one is over. One that becomes shorter meanwhile, as the detector learns, is noticed with
// the next verdict.
func (v *verdicts) scheduleVerdict(m *membership.Member, silence time.Duration) {
	if !m.State.Present() || !m.HasSuspicion && !v.mayBeDue(v.detector.usualTimeouts(m).suspect-silence) {
		return
	}
	due, _ := v.detector.timeouts(m)
	if u := v.suspicions.about(m); silence >= due || u != nil && u.probing.since > 0 {
		suspect, dead := v.timeouts(m)
		if due = suspect; m.State == membership.Suspect {
			due = dead
		}
	}
	v.next.by(v.clock.now.Add(max(due-silence, 0)))
}

// mayBeDue reports whether a time-out of which that much is left may be over before anybody is judged.
func (v *verdicts) mayBeDue(left time.Duration) bool { return v.clock.now.Add(left) < v.next.at }

// arrived brings the verdict on a member in line with a heartbeat of it that is young and has just arrived.
func (v *verdicts) arrived(m *membership.Member) {
	if m.HasSuspicion {
		v.refute(m)
	}
	silence := v.silence(m)
	if m.State != membership.Alive && !v.suspicions.failed(m) { // otherwise the heartbeat is from before the probes
		v.revive(m, silence)
	}
	v.scheduleVerdict(m, silence)
}

// revive takes back the verdict suspect or dead on a member whose newest heartbeat is itself young.
func (v *verdicts) revive(m *membership.Member, silence time.Duration) {
	if m.State != membership.Suspect && m.State != membership.Dead {
		return
	}
	if suspect, _ := v.detector.timeouts(m); silence < suspect {
		v.peers.add(m.Record.Name)
		v.enter(m, membership.Alive, "heard of again")
	}
}

// enter lets a member take a state, and tells it.
func (v *verdicts) enter(m *membership.Member, s membership.State, reason string) {
	v.table.SetState(m, s, v.clock.now)
	v.suspicions.votersChanged()
	v.outbox.emit(stateEvent[s], v.view(m), reason)
}

var stateEvent = [...]membership.EventType{
	membership.Alive: membership.EventAlive, membership.Suspect: membership.EventSuspect,
	membership.Dead: membership.EventDead, membership.Left: membership.EventLeft,
}

// reason says in words why a verdict is passed: for how long the member has been silent; whether this member's own probes have
// failed; whose have as well.
func (v *verdicts) reason(m *membership.Member, silence time.Duration) string {
	words := "silent for " + silence.Round(time.Millisecond).String()
	if !v.suspicions.failed(m) {
		return words
	}
	words += ", no reply"
	var accusers []string
	for _, a := range v.suspicions.about(m).accusations {
		accusers = append(accusers, a.Accuser)
	}
	if len(accusers) == 0 {
		return words
	}
	return words + ", nor to " + strings.Join(accusers, ", ")
}

// silence returns for how long a member has been silent, as far as that counts: since its newest heartbeat was bumped, but
// at most since this member last stalled, or was isolated (R9). An isolation explains only the silence of those who were
// heard of shortly before, within twice the maximum silence: a member that is isolated again and again would otherwise
// never find out that anybody died.
func (v *verdicts) silence(m *membership.Member) time.Duration {
	c := v.clock
	from := c.countFrom
	if c.reconnected > from && c.reconnected.Sub(m.Bumped()) <= 2*v.detector.maxSilence(v.self.record.Interval) {
		from = c.reconnected
	}
	return m.Silence(c.now, from)
}

// view returns what this member knows and thinks of another one.
func (v *verdicts) view(m *membership.Member) membership.View {
	suspect, dead := v.detector.timeouts(m)
	silence := v.silence(m)
	w := membership.View{
		Record: m.Record, Heartbeat: m.Heartbeat, State: m.State, Since: v.clock.time(m.Since),
		Phi: v.detector.phi(m, silence), Silence: silence, SuspectAfter: suspect, DeadAfter: dead,
	}
	if at, ok := m.Direct(); ok {
		w.Direct = v.clock.time(at)
	}
	return w
}
