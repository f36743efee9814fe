package gossip

import (
	"math/bits"
	"time"

	"heartsay/membership"
)

// expectation tells which heartbeat a record's owner would be at by a clock in Unix milliseconds, if that clock were its
// own. Both sides of an exchange compute the same, so only the lag behind it has to travel, and a clock that is off
// costs bits and nothing else.
//
// It divides by the interval, which is nearly always that of the member before: it keeps the reciprocal, and computes
// in whole numbers alone, so that all computers get the same. The zero value is ready to use.
type expectation struct {
	interval time.Duration
	divisor  uint64 // the interval in microseconds
	inverse  uint64 // ⌊(2⁶⁴−1)/divisor⌋
}

// heartbeat returns the heartbeat to expect; 0 or below when the clock is behind the owner's.
func (x *expectation) heartbeat(r *membership.Record, clock uint64) int64 {
	if r.Interval != x.interval {
		x.interval, x.divisor = r.Interval, uint64(r.Interval.Microseconds())
		x.inverse = ^uint64(0) / x.divisor
	}
	if clock < r.Incarnation {
		return -int64(x.quotient((r.Incarnation - clock) * 1000))
	}
	return int64(x.quotient((clock - r.Incarnation) * 1000))
}

// heartbeats puts those of a bucket into a slice as long. Rows are seldom in a cache when a message comes. So short a loop has
// the processor fetch many at a time, which one that does something with each does not.
func (x *expectation) heartbeats(b bucket, clock uint64, into []int64) {
	usual := *x
	for i, m := range b {
		if r := m.Record; r.Interval == usual.interval && clock >= r.Incarnation {
			into[i] = int64(usual.quotient((clock - r.Incarnation) * 1000))
		} else {
			into[i] = x.heartbeat(r, clock)
		}
	}
}

// quotient returns ⌊n/divisor⌋. The product with the reciprocal is less by 2 at the most.
func (x expectation) quotient(n uint64) uint64 {
	q, _ := bits.Mul64(n, x.inverse)
	for rest := n - q*x.divisor; rest >= x.divisor; rest -= x.divisor {
		q++
	}
	return q
}

// lag returns how far a member's heartbeat is behind the one to expect.
func (x *expectation) lag(m *membership.Member, clock uint64) int64 {
	return x.heartbeat(m.Record, clock) - int64(m.Heartbeat)
}

// at returns the heartbeat that a lag stands for; 0 when it stands for none.
func (x *expectation) at(r *membership.Record, clock uint64, lag int64) uint64 {
	return uint64(max(x.heartbeat(r, clock)-lag, 0))
}
