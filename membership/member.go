package membership

import (
	"time"

	"heartsay/phi"
)

// Member is one row of a [Table]: all that the observer keeps about one member. There may be 10,000 of them for each
// observer, and 10,000 observers in a simulation, so it is kept small: a test says how small.
type Member struct {
	Entry
	Print uint32 // of the record, see [Record.Print]

	State   State // changed by [Table.SetState] alone
	Doubted bool  // something is held against it, see package gossip
	counted bool  // the newest heartbeat was an arrival, not the first counter ever learned (R6)

	Since             Instant // when it took State
	Direct            Instant // when a message of its own last arrived; 0: never
	seen              Instant // when the newest heartbeat was first heard of
	current, previous Instant // least arrival − h·T of this batch of arrivals and of the one before, see pulse.go

	Pace phi.Pace // of the ages just before each arrival, in intervals
}

// Rose reports whether the newest heartbeat was an arrival, and not the first counter ever learned, which may be the last
// word of a corpse (R6).
func (m *Member) Rose() bool { return m.counted }

// Silence returns the age of the newest heartbeat at now. Time before pardon does not count: then the observer
// itself was not listening (R9).
func (m *Member) Silence(now, pardon Instant) time.Duration {
	return max(0, now.Sub(max(m.Bumped(), pardon)))
}
