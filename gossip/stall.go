package gossip

import (
	"time"

	"heartsay/membership"
)

// stall watches this member itself (R9). A member that was stopped, paused or swamped has heard nothing because it
// did not listen. It must not take that for the silence of others.
type stall struct {
	due    membership.Instant // when the next Tick should come
	pardon membership.Instant // silence counts from here at the earliest, see [Engine.silence]
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
	e.stall.pardon = e.now
	e.forgetDoubts()
}

// silence returns for how long a member has been silent, as far as that counts: since its newest heartbeat was bumped, but
// at most since this member itself last stalled, or was cut off and heard somebody again. Being cut off explains no more
// than the silence of those who were heard of shortly before: who is cut off again and again would else never find out
// that anybody died.
func (e *Engine) silence(m *membership.Member) time.Duration {
	from := e.stall.pardon
	if e.reconnected > from && e.reconnected.Sub(m.Bumped()) <= 2*e.longest() {
		from = e.reconnected
	}
	return m.Silence(e.now, from)
}

// Stalls returns how often this member noticed that it had stalled, and for how long in all.
func (e *Engine) Stalls() (count uint64, total time.Duration) { return e.stall.count, e.stall.total }
