package eventlog

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/api"
)

func TestCursorReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(rapid.Int64().Draw(t, "now"))
		epoch, seq := NewEpoch(now, rapid.Uint64().Draw(t, "random")), rapid.Uint64().Draw(t, "seq")
		c := api.Cursor{Epoch: epoch, Seq: seq}
		if got, err := api.ParseCursor(c.String()); err != nil || got != c {
			t.Fatalf("cursor %s reads back as %s, %v", c, got, err)
		}
	})
}

func TestEpochsOfTwoLivesDifferAndSortByTime(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first, second := NewEpoch(start, 1), NewEpoch(start, 2)
	later := NewEpoch(start.Add(time.Millisecond), 0)
	if first == second {
		t.Errorf("two starts within one millisecond have the same epoch %s", first)
	}
	if later <= first || later <= second {
		t.Errorf("epochs %s and %s do not sort before the later %s", first, second, later)
	}
	if got := NewEpoch(time.Unix(-5, 0), 1); got != "00000000000000000001" {
		t.Errorf("before 1970 the epoch is %s", got)
	}
}
