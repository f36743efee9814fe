package render

import (
	"testing"
	"time"
)

func TestAgeIsInTheLargestUnitThatItFills(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Hour: "0s", 0: "0s", 999 * time.Millisecond: "0s", 59 * time.Second: "59s", time.Minute: "1m",
		59*time.Minute + 59*time.Second: "59m", time.Hour: "1h", 23 * time.Hour: "23h", 24 * time.Hour: "1d", 9999 * time.Hour: "416d",
	} {
		if got := Age(noon, noon.Add(-d)); got != want {
			t.Errorf("the age of %s is %s, want %s", d, got, want)
		}
	}
	if got := Age(noon, time.Time{}); got != "" {
		t.Errorf("the age of nothing is %q, want none", got)
	}
}
