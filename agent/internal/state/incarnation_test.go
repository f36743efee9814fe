package state

import (
	"math"
	"testing"
	"time"

	"heartsay/membership"
)

// R14.
func TestIncarnationRisesWithEveryStart(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ms := uint64(now.UnixMilli())
	const day = 24 * 3600 * 1000
	for _, c := range []struct {
		rule   string
		now    time.Time
		stored uint64
		want   uint64
		note   bool
	}{
		{"the first start: the clock", now, 0, ms, false},
		{"a later start: the clock", now, ms - 60_000, ms, false},
		{"a start within the same millisecond", now, ms, ms + 1, false},
		{"just after one", now, ms - 1, ms, false},
		{"the clock went back an hour: above the last life, and said", now, ms + 3_600_000, ms + 3_600_001, true},
		{"the last one that others accept", now, ms + day - 1, ms + day, true},
		{"a file from the future: nobody would accept it", now, ms + day, ms, true},
		{"ten years ahead", now, ms + 3650*day, ms, true},
		{"no number that a clock gave", now, math.MaxUint64, ms, true},
		{"after years without a start", now.AddDate(3, 0, 0), ms, uint64(now.AddDate(3, 0, 0).UnixMilli()), false},
		{"a clock that was never set", time.Unix(-100, 0), 0, 1, false},
	} {
		inc, note := NextIncarnation(c.now, c.stored)
		if inc != c.want || (note != "") != c.note {
			t.Errorf("%s: stored %d gives %d with the note %q: want %d, note %v", c.rule, c.stored, inc, note, c.want, c.note)
		}
		if c.now.UnixMilli() <= 0 {
			continue
		}
		if err := membership.CheckClock(c.now, inc, 1, time.Second); err != nil {
			t.Errorf("%s: others refuse incarnation %d: %v", c.rule, inc, err)
		}
	}
}
