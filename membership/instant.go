package membership

import "time"

// Instant is a point in time, counted from an origin that its owner chose (the engine: its start) on a clock that
// never goes back. It takes a third of the memory of a [time.Time], and a table holds several for each member.
type Instant time.Duration

// Sub returns the time that passed from u to t; negative when u is later.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Add returns the instant d after t.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

func (t Instant) abs() Instant { return max(t, -t) }
