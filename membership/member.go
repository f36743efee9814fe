package membership

import (
	"time"

	"heartsay/phi"
)

// Member is one row of a [Table]: all that the observer keeps about one member. There may be 10,000 of them for each
// observer, and 10,000 observers in a simulation, so it is kept small: a test says how small.
type Member struct {
	Entry
	current, previous Instant // least arrival − h·T of this batch of arrivals and of the one before, see arrival.go

	Since       Instant         // when it took State
	Stats       phi.MemberStats // of the ages just before each arrival, in intervals
	Fingerprint uint32          // of the record, see [Record.Fingerprint]

	direct       uint32 // when a message of its own last arrived, in tenths of a second; 0: never
	State        State  // changed by [Table.SetState] alone
	HasSuspicion bool   // something speaks against it, see package gossip
	Remembered   bool   // its record is no owner's, but made of what was kept over a restart, see package gossip
	counted      bool   // the newest heartbeat was an arrival, not the first counter ever learned (R6)
}

// SetDirect takes note that a message of the member itself arrived.
func (m *Member) SetDirect(now Instant) { m.direct = uint32(time.Duration(now)/tenth) + 1 }

// ClearDirect forgets that one has.
func (m *Member) ClearDirect() { m.direct = 0 }

// Direct returns when a message of the member itself last arrived, to a tenth of a second and never too late, and whether
// one has.
func (m *Member) Direct() (at Instant, ok bool) {
	return Instant(0).Add(time.Duration(max(m.direct, 1)-1) * tenth), m.direct > 0
}

// tenth is how exact that is: a tenth of a second, of which a uint32 counts those of 13 years.
const tenth = time.Second / 10

// Rose reports whether the newest heartbeat was an arrival, and not the first counter ever learned, which may be the last
// heartbeat of a dead member (R6).
func (m *Member) Rose() bool { return m.counted }

// Silence returns the age of the newest heartbeat at now. Time before countFrom does not count: then the
// observer itself was not listening (R9).
func (m *Member) Silence(now, countFrom Instant) time.Duration {
	return max(0, now.Sub(max(m.Bumped(), countFrom)))
}
