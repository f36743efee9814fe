package membership

import "time"

// Member is one row of a [Table]: all that the observer keeps about one member.
type Member struct {
	Entry
	Hash  uint64 // of the name, see [HashName]
	Print uint32 // of the record, see [Record.Print]
	State State
	Since Instant // when it took State

	SuspectAfter time.Duration // silence at which it becomes suspect
	DeadAfter    time.Duration // silence at which it becomes dead; ≥ SuspectAfter
	Pulse        Pulse

	Direct    Instant // when a message of its own last arrived; only when HasDirect
	HasDirect bool
}

// Silence returns the age of the newest heartbeat at now. Time before pardon does not count: then the observer
// itself was not listening (R9).
func (m *Member) Silence(now, pardon Instant) time.Duration {
	return max(0, now.Sub(max(m.Pulse.Bumped(m.Record.Interval), pardon)))
}
