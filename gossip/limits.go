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

// limits returns at which silence the model calls a member suspect and dead (R7, R8).
func (e *Engine) limits(m *membership.Member) (suspect, dead time.Duration) {
	if m.Pace.Slower(e.model) > 0 {
		return e.limitsOf(m.Record.Interval, &m.Pace)
	}
	least := e.leastLimits(m)
	return least.suspect, least.dead
}

// leastLimits returns the limits of the members of the same interval, which are the least it can have itself.
func (e *Engine) leastLimits(m *membership.Member) *limits {
	l := &e.usual
	if l.drawn != e.model.Drawn() || l.interval != m.Record.Interval {
		e.readLimits(l, m.Record.Interval)
	}
	return l
}

func (e *Engine) readLimits(l *limits, interval time.Duration) {
	l.drawn, l.interval = e.model.Drawn(), interval
	l.suspect, l.dead = e.limitsOf(interval, &phi.Pace{})
}

func (e *Engine) limitsOf(interval time.Duration, pace *phi.Pace) (suspect, dead time.Duration) {
	suspect = e.timeout(e.cfg.Suspect, interval, pace)
	if e.model.Seen() < minSamples { // the curve is drawn anew at each of so few
		return suspect, e.cfg.Dead.Max
	}
	return suspect, max(suspect, e.timeout(e.cfg.Dead, interval, pace))
}

func (e *Engine) timeout(t Threshold, interval time.Duration, pace *phi.Pace) time.Duration {
	wait := min(e.model.Wait(t.Phi, pace)*interval.Seconds(), t.Max.Seconds())
	return max(time.Duration(wait*float64(time.Second)), t.Min)
}

// age returns a silence in a member's intervals.
func age(m *membership.Member, silence time.Duration) float64 {
	return silence.Seconds() / m.Record.Interval.Seconds()
}
