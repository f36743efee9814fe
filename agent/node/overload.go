package node

import "time"

// overload is what tells that this node cannot keep up with what comes (R9): packets were lost before they were read, or
// were read late.
type overload struct {
	lost uint64 // packets, as far as they have been noticed
	late bool   // a packet was read late since the last tick
}

// noticeOverload tells the engine, which then judges nobody, when packets were lost or late since the last tick.
func (l *loop) noticeOverload(now time.Time) {
	lost := l.node.transport.Lost()
	if lost == l.overload.lost && !l.overload.late {
		return
	}
	l.overload = overload{lost: lost}
	l.engine.Overloaded(now)
	l.node.counts.drop("behind")
}

// noticeLate takes note of when a packet came.
func (l *loop) noticeLate(came, now time.Time) {
	if !came.IsZero() && now.Sub(came) > l.node.cfg.Interval {
		l.overload.late = true
	}
}
