package gossip

import (
	"time"

	"heartsay/membership"
	"heartsay/phi"
)

// modelTimeouts are the silences at which the model calls members of one interval suspect and dead. They are the same for
// all of them but those that are slower than the others beyond chance, and stay the same until the model is fitted anew. So
// they are kept, and an arrival takes no logarithm.
type modelTimeouts struct {
	generation    uint64        // of the model that they were read off, see phi.Model.Generation; 0: none
	interval      time.Duration // of the members
	suspect, dead time.Duration
}

// maxTimeouts are the silences after which anybody is suspect and dead at the latest, whatever the model says.
type maxTimeouts struct{ suspect, dead time.Duration }

// oldNews is how many times as old as on average news hardly ever gets: of 1000 to 4000 members whose digests take turns, with
// and without loss, the model puts one wait in 10⁵ at 2.1 to 2.4 times the mean. Where the budget lets news get so old that
// the operator's longest silence is shorter, that is the maximum for suspect, and twice that for dead: a member that probed
// everybody whose news is old would spend more than the budget saves.
const oldNews = 3

// maxTimeouts returns those of members of an interval.
func (d *detector) maxTimeouts(interval time.Duration) maxTimeouts {
	old := time.Duration(oldNews * d.model.Summary().Mean * float64(interval))
	return maxTimeouts{suspect: max(d.cfg.Suspect.Max, old), dead: max(d.cfg.Dead.Max, 2*old)}
}

// paceOf returns the interval by which the silence of a member is judged: its own. Of one that has sent nothing itself yet it is
// at most this member's: what others tell can be invented, and a long interval would buy the invented ten minutes and more. One
// that is there answers the probe that comes before any verdict, and is judged by its own interval from then on.
func (d *detector) paceOf(m *membership.Member) time.Duration {
	if _, heard := m.Direct(); heard {
		return m.Record.Interval
	}
	return min(m.Record.Interval, d.self.record.Interval)
}

// timeouts returns at which silence the model calls a member suspect and dead (R7, R8).
func (d *detector) timeouts(m *membership.Member) (suspect, dead time.Duration) {
	if m.Stats.Slower(d.model) > 0 {
		return d.read(d.paceOf(m), &m.Stats)
	}
	t := d.usualTimeouts(m)
	return t.suspect, t.dead
}

// usualTimeouts returns those of the members of the same interval, which are the least that a member can have itself.
func (d *detector) usualTimeouts(m *membership.Member) *modelTimeouts {
	t, pace := &d.usual, d.paceOf(m)
	if t.generation != d.model.Generation() || t.interval != pace {
		d.readUsual(pace)
	}
	return t
}

func (d *detector) readUsual(interval time.Duration) {
	t := &d.usual
	t.generation, t.interval = d.model.Generation(), interval
	t.suspect, t.dead = d.read(interval, &phi.MemberStats{})
}

// read reads time-outs off the model, for a member of an interval with the given waits.
func (d *detector) read(interval time.Duration, stats *phi.MemberStats) (suspect, dead time.Duration) {
	longest := d.maxTimeouts(interval)
	suspect = d.timeout(d.cfg.Suspect, interval, stats, longest.suspect)
	if d.model.Seen() < minSamples { // the model is fitted anew at each of so few
		return suspect, longest.dead
	}
	return suspect, max(suspect, d.timeout(d.cfg.Dead, interval, stats, longest.dead))
}

func (d *detector) timeout(t Threshold, interval time.Duration, stats *phi.MemberStats, most time.Duration) time.Duration {
	wait := min(d.model.Wait(t.Phi, stats)*interval.Seconds(), most.Seconds())
	return max(time.Duration(wait*float64(time.Second)), t.Min)
}

// forgetTimeouts drops the time-outs that are kept: the thresholds have changed.
func (d *detector) forgetTimeouts() { d.usual = modelTimeouts{} }

// maxSilence returns the longest silence with which a member that does not stall is present, for an observer of an interval:
// that to which an observer waits that seems isolated (R8), and the time for the probes.
func (d *detector) maxSilence(interval time.Duration) time.Duration {
	return 2*d.maxTimeouts(interval).dead + probingTime(interval)
}

// probingTime returns how much longer than the maximum time-out a member may be silent so that it can be probed.
func probingTime(interval time.Duration) time.Duration { return 4 * interval }
