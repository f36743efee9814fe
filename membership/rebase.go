package membership

// A member whose clock stood still (a suspended laptop, a paused virtual machine) comes back with counters that
// imply an old time, for ever. Its origin is taken anew when rebaseArrivals counters in a row, over nearly as many
// intervals, rise as fast as its owner's clock. Counters out of a queue that is drained rise faster than that.
const rebaseArrivals = 4

// rebase watches heartbeats of a member that are too old to count, but keep rising.
type rebase struct {
	since  Instant // when the first of them arrived
	offset Instant // its arrival − h·T
	count  uint8
}

// rebases are those of all members that have one: hardly any.
type rebases struct{ of map[*Member]rebase }

// try takes a heartbeat that is too old, and reports whether its owner's clock evidently stood still. Then it moves the
// origin there.
func (s *rebases) try(now Instant, m *Member, offset Instant) bool {
	d, interval := s.of[m], m.Record.Interval
	if d.count == 0 || (offset-d.offset).abs() > 2*Instant(interval) {
		d = rebase{since: now, offset: offset}
	}
	if d.count++; d.count < rebaseArrivals || now.Sub(d.since) < (rebaseArrivals-1)*interval {
		if s.of == nil {
			s.of = map[*Member]rebase{}
		}
		s.of[m] = d
		return false
	}
	m.current, m.previous, m.counted = noArrival, d.offset, false
	return true
}

// end forgets what was watched of a member.
func (s *rebases) end(m *Member) {
	if len(s.of) > 0 {
		delete(s.of, m)
	}
}
