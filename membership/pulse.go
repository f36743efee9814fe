package membership

import (
	"time"

	"heartsay/phi"
)

// Pulse times the heartbeats of one incarnation as one observer receives them.
//
// Heartbeat h is bumped at origin + h·T on the owner's clock, so once the origin is known the age of every heartbeat
// is known too, whatever the owner's clock shows. The origin is estimated as the least (arrival − h·T) seen lately:
// the heartbeat that travelled fastest. Age is what phi judges: it is not fooled by an early arrival, after which
// the next one only looks late, nor by an old counter that arrives late but is higher than the last (R8).
type Pulse struct {
	current, previous Instant // least arrival − h·T of this batch of arrivals and of the one before
	arrivals          uint8   // counted in this batch
	heartbeat         uint64  // the newest heartbeat
	seen              Instant // when it was first heard of
	counted           bool    // it was an arrival, not the first counter ever learned (R6)
	stale             drift

	Window phi.Window // ages just before each arrival, in intervals
}

// batch is how many arrivals the origin is minimised over, twice: two clocks that drift apart by 100 ppm do so by
// less than 2 % of an interval in that time.
const batch = 64

// drift watches heartbeats that are too old to count, but keep rising.
type drift struct {
	since  Instant // when the first of them arrived
	offset Instant // its arrival − h·T
	count  uint8
}

// A member whose clock stood still (a suspended laptop, a paused virtual machine) comes back with counters that
// imply an old time, for ever. Its pulse is taken anew when driftArrivals counters in a row, over at least as many
// intervals, rise at the right pace. Counters out of a drained queue rise faster than that.
const driftArrivals = 4

// Arrival says what a risen heartbeat meant.
type Arrival struct {
	Fresh bool    // the heartbeat is young enough to show that its owner lives
	Wait  float64 // age that the one before it had reached, in intervals; only when Counted
	// Counted says that Wait tells something about the gossip: both ends of it are arrivals.
	Counted bool
}

// Begin starts to time an incarnation at its first counter ever learned, which is not an arrival: it may be the last
// word of a corpse. The window is kept, for it tells of the path and not of the life.
func (p *Pulse) Begin(now Instant, heartbeat uint64, interval time.Duration) {
	offset := offsetOf(now, heartbeat, interval)
	*p = Pulse{Window: p.Window, current: offset, previous: offset, heartbeat: heartbeat, seen: now}
}

// Arrive counts a heartbeat that is higher than any before. One that is older than limit is not fresh.
func (p *Pulse) Arrive(now Instant, heartbeat uint64, interval, limit time.Duration) Arrival {
	offset := offsetOf(now, heartbeat, interval)
	before := p.heartbeat
	p.heartbeat, p.seen = heartbeat, now
	if offset.Sub(p.origin()) > limit && !p.rebase(now, offset, interval) {
		p.counted = false
		return Arrival{}
	}
	p.stale = drift{}
	p.observe(offset)
	a := Arrival{Fresh: true, Counted: p.counted}
	if a.Counted {
		a.Wait = float64(now.Sub(p.bumped(before, interval))) / float64(interval)
	}
	p.counted = true
	return a
}

// Bumped returns when the newest heartbeat was bumped, never later than when it was heard of.
func (p *Pulse) Bumped(interval time.Duration) Instant {
	return min(p.bumped(p.heartbeat, interval), p.seen)
}

func (p *Pulse) bumped(heartbeat uint64, interval time.Duration) Instant {
	return p.origin() + Instant(heartbeat)*Instant(interval)
}

func (p *Pulse) origin() Instant { return min(p.current, p.previous) }

func (p *Pulse) observe(offset Instant) {
	p.current = min(p.current, offset)
	if p.arrivals++; p.arrivals >= batch {
		p.previous, p.current, p.arrivals = p.current, offset, 0
	}
}

// rebase reports whether the owner's clock evidently stood still, and then moves the origin there.
func (p *Pulse) rebase(now, offset Instant, interval time.Duration) bool {
	d := &p.stale
	if d.count == 0 || (offset-d.offset).abs() > 2*Instant(interval) {
		*d = drift{since: now, offset: offset}
	}
	if d.count++; d.count < driftArrivals || now.Sub(d.since) < (driftArrivals-1)*interval {
		return false
	}
	p.current, p.previous, p.arrivals, p.counted = d.offset, d.offset, 0, false
	return true
}

func offsetOf(now Instant, heartbeat uint64, interval time.Duration) Instant {
	return now - Instant(heartbeat)*Instant(interval)
}
