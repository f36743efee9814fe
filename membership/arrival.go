package membership

import (
	"math"
	"time"
)

// Arrivals are the heartbeats of one incarnation of a member as one observer receives them (R6).
//
// Heartbeat h is bumped at origin + h·T on the owner's clock, so once the origin is known the age of every heartbeat
// is known too, whatever the owner's clock shows. The origin is estimated as the least (arrival − h·T) seen lately:
// the heartbeat that travelled fastest. Age is what phi judges: an early arrival does not mislead it, after which the next one only
// looks late, nor does an old counter that arrives late but is higher than the last (R8).

// The least is of a batch of arrivals and of the one before, which the caller ends by [Table.EndBatch]: the longer it
// takes, the faster its fastest heartbeat, and the farther two clocks drift apart meanwhile.

// noArrival is the least of a batch without any.
const noArrival = Instant(math.MaxInt64)

// EndBatch ends the batch of every member that a heartbeat came of in it. Later origins do not count the batch before.
func (t *Table) EndBatch() {
	for _, m := range t.index.members {
		if m.current != noArrival {
			m.previous, m.current = m.current, noArrival
		}
	}
}

// Arrival says what a risen heartbeat meant. It has four fields: what has more is not returned in registers, and to merge a
// digest would take half as long again.
type Arrival struct {
	Fresh bool    // the heartbeat is young enough to show that its owner lives
	Since Instant // when the one before it was bumped, never later than when it was heard of
	Wait  float64 // age that the one before it had reached, in intervals; only when Counted
	// Counted says that Wait tells something about the gossip: both ends of it are arrivals.
	Counted bool
}

// Begin starts to time the member's incarnation at its first counter ever learned, which is not an arrival: it may be the
// last heartbeat of a dead member. The statistics are kept, for they tell of the path and not of the life.
func (t *Table) Begin(now Instant, m *Member) {
	t.rebases.end(m)
	offset := m.offset(now)
	m.current, m.previous, m.counted = noArrival, offset, false
}

// Arrive counts that the member's heartbeat rose from was to what it is now. One that is older than limit is not fresh.
func (t *Table) Arrive(now Instant, m *Member, was uint64, limit time.Duration) Arrival {
	interval, origin := Instant(m.Record.Interval), m.origin()
	offset := now - Instant(m.Heartbeat)*interval
	a := Arrival{Since: origin + Instant(was)*interval}
	if offset.Sub(origin) > limit {
		if !t.rebases.try(now, m, offset) {
			m.counted = false
			return a
		}
		origin = m.origin()
	}
	t.rebases.end(m)
	m.current, origin = min(m.current, offset), min(origin, offset)
	a.Fresh, a.Counted = true, m.counted
	if a.Counted {
		a.Wait = float64(now-origin-Instant(was)*interval) / float64(interval)
	}
	m.counted = true
	return a
}

// FastPath says which arrivals need no decision: nearly all. The member has this interval, is alive and not under suspicion, and
// was heard of before. The other conditions are bounds:
type FastPath struct {
	Horizon   Horizon
	Interval  time.Duration
	Limit     time.Duration // the heartbeat before this one got no older
	Age       time.Duration // this heartbeat is no older
	CountFrom Instant       // the heartbeat before this one was bumped no earlier
	Most      int           // so many waits are returned at most
}

// ArriveAll takes the heartbeats of members where they are higher, as [Table.Arrive] does and with the same outcome, one after
// the other, until it comes upon a member to which the fast path does not apply. It returns how many members it has passed,
// and waits with theirs appended, which have been added to their statistics.
func (t *Table) ArriveAll(now Instant, u FastPath, members []*Member, heartbeats []int64, waits []float64) (int, []float64) {
	if len(t.rebases.of) > 0 {
		return 0, waits
	}
	interval := Instant(u.Interval)
	for i, m := range members {
		was, heartbeat := m.Heartbeat, uint64(heartbeats[i])
		if heartbeat <= was {
			continue
		}
		if len(waits) == u.Most {
			return i, waits
		}
		origin, offset := m.origin(), now-Instant(heartbeat)*interval
		fastest := min(origin, offset)
		age := now - fastest - Instant(was)*interval
		if m.Record.Interval != u.Interval || m.State != Alive || m.HasSuspicion || !m.counted ||
			!u.Horizon.Allows(m.Record.Incarnation, heartbeat, u.Interval) ||
			offset.Sub(origin) > u.Age || time.Duration(age) > u.Limit || origin+Instant(was)*interval < u.CountFrom {
			return i, waits
		}
		wait := float64(age) / float64(interval)
		m.Heartbeat, m.current = heartbeat, min(m.current, offset)
		m.Stats.Add(wait)
		waits = append(waits, wait)
	}
	return len(members), waits
}

// Late returns how old the newest heartbeat would be if it arrived now.
func (m *Member) Late(now Instant) time.Duration { return m.offset(now).Sub(m.origin()) }

// Bumped returns when the newest heartbeat was bumped, never later than when it was heard of.
func (m *Member) Bumped() Instant {
	return m.origin() + Instant(m.Heartbeat)*Instant(m.Record.Interval)
}

// Due returns when a heartbeat that has not come yet should have been bumped.
func (m *Member) Due(heartbeat uint64) Instant {
	return m.Bumped() + Instant(heartbeat-m.Heartbeat)*Instant(m.Record.Interval)
}

func (m *Member) origin() Instant { return min(m.current, m.previous) }

// offset returns arrival − h·T of the newest heartbeat, if it arrives now.
func (m *Member) offset(now Instant) Instant {
	return now - Instant(m.Heartbeat)*Instant(m.Record.Interval)
}
