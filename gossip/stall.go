package gossip

import (
	"time"

	"heartsay/membership"
)

// stall watches this member itself (R9). A member that was stopped, paused or swamped has heard nothing because it
// did not listen. It must not take that for the silence of others.
type stall struct {
	due    membership.Instant // when the next Tick should come
	pardon membership.Instant // silence counts from here at the earliest
	count  uint64
	total  time.Duration
}

// noticeStall finds out whether the input being handled comes later after the due Tick than an interval. Then the
// silence of every member counts from now: nobody is accused before another whole time-out has passed, which is the
// settling window, and no wait that began before now is counted.
func (e *Engine) noticeStall() {
	late := e.now.Sub(e.stall.due)
	if late <= e.self.record.Interval {
		return
	}
	e.stall.count++
	e.stall.total += late
	e.pardonAll()
}

// pardonAll lets the silence of every member count from now, and drops what is held against anybody.
func (e *Engine) pardonAll() {
	e.stall.pardon = e.now
	e.forgetDoubts()
}

// Stalls returns how often this member noticed that it had stalled, and for how long in all.
func (e *Engine) Stalls() (count uint64, total time.Duration) { return e.stall.count, e.stall.total }
