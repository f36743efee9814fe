package state

import (
	"fmt"
	"time"

	"heartsay/membership"
)

// NextIncarnation returns the incarnation of an agent that starts now, where stored is the one of its life before, or
// 0: the Unix time in milliseconds, or stored + 1 when the clock went back. A stored one that other agents would
// refuse, because it lies a day or more ahead of the clock, is not followed. The note says to people what is odd about
// the clock; it is "" when nothing is.
func NextIncarnation(now time.Time, stored uint64) (inc uint64, note string) {
	inc = uint64(max(now.UnixMilli(), 1))
	latest := uint64(max(now.Add(membership.MaxClockAhead).UnixMilli(), 1))
	switch {
	case stored >= latest:
		return inc, fmt.Sprintf("the incarnation %d of the life before is set aside: it lies more than %s ahead of "+
			"this clock, and others would refuse it", stored, membership.MaxClockAhead)
	case stored > inc:
		behind := time.Duration(stored-inc) * time.Millisecond
		return stored + 1, fmt.Sprintf("this clock stands %s before the start of the life before: is it set?", behind)
	}
	return max(stored+1, inc), ""
}
