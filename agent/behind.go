package agent

import "time"

// behind notices when this agent cannot keep up with what comes (R9): packets were lost before they were read, or were
// read late. It belongs to the loop.
type behind struct {
	lost uint64 // packets, as far as they have been noticed
	late bool   // a packet was read late since the last tick
}

// noticeBehind tells the engine, which then judges nobody, when packets were lost or late since the last tick.
func (a *Agent) noticeBehind(now time.Time) {
	lost := a.wire.Lost()
	if lost == a.behind.lost && !a.behind.late {
		return
	}
	a.behind = behind{lost: lost}
	a.engine.Behind(now)
	a.drops.count("behind")
}

// noticeLate takes note of when a packet came.
func (a *Agent) noticeLate(came, now time.Time) {
	if !came.IsZero() && now.Sub(came) > a.cfg.Interval {
		a.behind.late = true
	}
}
