package gossip

import (
	"time"

	"heartsay/membership"
)

// The clock is what time it is for this member, and since when it has been listening (R9).
//
// A member that was stopped, paused, overloaded or cut off from all others has heard nothing because it did not listen. It
// must not take that for the silence of others. So the clock tells two instants from which silence counts at the earliest:
// the end of this member's last stall, and the end of its last isolation.
//
// The engine sets the clock at the beginning of each input. Every other part reads it. Verdicts tell it when somebody was heard
// (verdict_isolation.go).
type clock struct {
	origin  time.Time          // instants count from here: the start of the engine
	now     membership.Instant // of the input being handled; never goes back
	wall    time.Time          // the same instant as the caller's clock shows it
	horizon membership.Horizon // the latest time that is believed in, by wall (R15)

	due       membership.Instant // when the next Tick should come
	countFrom membership.Instant // end of the last stall; 0: there was none
	stalls    uint64             // how many
	stalled   time.Duration      // for how long in all

	lastHeard   membership.Instant // when a message of anybody last came
	reconnected membership.Instant // end of the last isolation: when a message came after a time without any; 0: never
}

// never is longer than any agent runs, and can be added to any instant.
const never = 100 * 365 * 24 * time.Hour

// set sets the time. It never goes back, whatever the wall clock shows.
func (c *clock) set(now time.Time) {
	c.now = max(c.now, membership.Instant(now.Sub(c.origin)))
	c.wall, c.horizon = now, membership.HorizonAt(now)
}

// time returns the caller's time of an instant.
func (c *clock) time(t membership.Instant) time.Time { return c.origin.Add(time.Duration(t)) }

// unixMilli returns this member's wall clock in Unix milliseconds, as messages carry it.
func (c *clock) unixMilli() uint64 { return uint64(max(c.wall.UnixMilli(), 0)) }

// noticeStall reports whether the input being handled comes later after the due Tick than an interval. Then this member
// stalled, and the silence of every other counts from now: nobody is accused before another whole time-out has passed,
// and no wait that began before now is learned from.
func (c *clock) noticeStall(interval time.Duration) bool {
	late := c.now.Sub(c.due)
	if late <= interval {
		return false
	}
	c.stalls++
	c.stalled += late
	c.countFrom = c.now
	return true
}

// listeningSince returns since when this member has been listening without a break.
func (c *clock) listeningSince() membership.Instant { return max(c.countFrom, c.reconnected) }

// isolatedAfter returns how long no message at all has to come until a member takes itself for isolated. It gets two
// messages or more in an interval: where 30 % of the packets are lost, one such time in 50,000 passes without any.
func isolatedAfter(interval time.Duration) time.Duration { return 4 * interval }

// hearsNobody reports whether no message has come for so long that this member may be isolated.
func (c *clock) hearsNobody(interval time.Duration) bool {
	return c.now.Sub(c.lastHeard) > isolatedAfter(interval)
}

// heard takes note that a message came, and reports whether that ended an isolation.
func (c *clock) heard(interval time.Duration) (reconnected bool) {
	if reconnected = c.hearsNobody(interval); reconnected {
		c.reconnected = c.now
	}
	c.lastHeard = c.now
	return reconnected
}

// Overloaded tells the engine that its caller lost messages, or held them for long, because it could not keep up. What the
// member did not hear then says nothing about the others: the silence of all of them counts from now (R9).
func (e *Engine) Overloaded(now time.Time) {
	e.clock.set(now)
	e.clock.countFrom = e.clock.now
}

// Stalls returns how often this member noticed that it had stalled, and for how long in all.
func (e *Engine) Stalls() (count uint64, total time.Duration) { return e.clock.stalls, e.clock.stalled }

// outgrown reports whether what is known of a member is a life from the future, which was believed while the clock of this host
// stood ahead: its owner may begin a new one below it.
func (c *clock) outgrown(m *membership.Member, incarnation uint64) bool {
	return m != nil && incarnation < m.Record.Incarnation && !c.horizon.Reaches(m.Record.Incarnation)
}

// expectedHeartbeat returns the heartbeat that a remembered member would have by the clock if it had never stopped: others may
// know all up to it.
func (c *clock) expectedHeartbeat(m *membership.Member) uint64 {
	var x expectation
	return uint64(max(x.heartbeat(m.Record, c.unixMilli()), 1))
}
