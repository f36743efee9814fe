package ratelimit

import "time"

// tellAgain is how often a fault that lasts is told.
const tellAgain = 10 * time.Minute

// Lasting tells faults that last from news: what is tried again every few seconds fails the same way each time. The zero
// value is without a fault.
type Lasting struct {
	told time.Time // zero: there is no fault
}

// Fails reports whether to tell of an attempt that failed: it is the first, or the last that was told was a while ago.
func (l *Lasting) Fails(now time.Time) (tell bool) {
	if !l.told.IsZero() && now.Sub(l.told) < tellAgain {
		return false
	}
	l.told = now
	return true
}

// Succeeds reports whether to tell of an attempt that went well: the one before did not.
func (l *Lasting) Succeeds() (tell bool) {
	tell = !l.told.IsZero()
	l.told = time.Time{}
	return tell
}
