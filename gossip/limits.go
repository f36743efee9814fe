package gossip

import (
	"time"

	"heartsay/membership"
	"heartsay/phi"
)

// limits are for how long members of one interval may be silent. They are the same for all of them but those that are
// slower than the others beyond chance, and stay the same until the model's curve is drawn anew. So they are kept, and an
// arrival takes no logarithm.
type limits struct {
	drawn         uint64        // the curve that they were read off, see phi.Model.Drawn; 0: none
	interval      time.Duration // of the members
	suspect, dead time.Duration
}

// latest are the silences after which anybody is called suspect and dead at the latest, whatever the model makes of them.
type latest struct{ suspect, dead time.Duration }

// oldNews is how many times as old as on average news hardly ever gets: of 1000 to 4000 members whose digests take turns, with
// and without loss, the model puts one wait in 10⁵ at 2.1 to 2.4 times the mean. Where the budget lets news get so old that
// the operator's longest silence is shorter, that is the latest for suspect, and twice that for dead: who asked everybody
// whose news is old would spend more than the budget saves.
const oldNews = 3

// latest returns those of members of an interval.
func (e *Engine) latest(interval time.Duration) latest {
	old := time.Duration(oldNews * e.model.Summary().Mean * float64(interval))
	return latest{suspect: max(e.cfg.Suspect.Max, old), dead: max(e.cfg.Dead.Max, 2*old)}
}

// limits returns at which silence the model calls a member suspect and dead (R7, R8).
func (e *Engine) limits(m *membership.Member) (suspect, dead time.Duration) {
	if m.Stats.Slower(e.model) > 0 {
		return e.limitsOf(m.Record.Interval, &m.Stats)
	}
	least := e.leastLimits(m)
	return least.suspect, least.dead
}

// leastLimits returns the limits of the members of the same interval, which are the least it can have itself.
func (e *Engine) leastLimits(m *membership.Member) *limits {
	if l := &e.usual; l.drawn == e.model.Generation() && l.interval == m.Record.Interval {
		return l
	}
	return e.readLimits(m.Record.Interval)
}

func (e *Engine) readLimits(interval time.Duration) *limits {
	l := &e.usual
	l.drawn, l.interval = e.model.Generation(), interval
	l.suspect, l.dead = e.limitsOf(interval, &phi.MemberStats{})
	return l
}

func (e *Engine) limitsOf(interval time.Duration, pace *phi.MemberStats) (suspect, dead time.Duration) {
	latest := e.latest(interval)
	suspect = e.timeout(e.cfg.Suspect, interval, pace, latest.suspect)
	if e.model.Seen() < minSamples { // the curve is drawn anew at each of so few
		return suspect, latest.dead
	}
	return suspect, max(suspect, e.timeout(e.cfg.Dead, interval, pace, latest.dead))
}

func (e *Engine) timeout(t Threshold, interval time.Duration, pace *phi.MemberStats, most time.Duration) time.Duration {
	wait := min(e.model.Wait(t.Phi, pace)*interval.Seconds(), most.Seconds())
	return max(time.Duration(wait*float64(time.Second)), t.Min)
}

// age returns a silence in a member's intervals.
func age(m *membership.Member, silence time.Duration) float64 {
	return silence.Seconds() / m.Record.Interval.Seconds()
}
