package gossip

import (
	"slices"
	"time"
)

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
