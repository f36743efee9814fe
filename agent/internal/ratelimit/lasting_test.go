package ratelimit

import (
	"testing"
	"time"
)

func TestLastingFaultIsToldAtOnceEveryTenMinutesAndAtItsEnd(t *testing.T) {
	var l Lasting
	begin := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	if l.Succeeds() {
		t.Error("an end is told, and there was no fault")
	}
	for range 2 {
		var told []time.Duration
		for d := time.Duration(0); d < 25*time.Minute; d += 30 * time.Second {
			if l.Fails(begin.Add(d)) {
				told = append(told, d)
			}
		}
		if len(told) != 3 || told[0] != 0 || told[1] != 10*time.Minute || told[2] != 20*time.Minute {
			t.Errorf("a fault of 25 minutes is told after %s, want at once and every ten minutes", told)
		}
		if !l.Succeeds() || l.Succeeds() {
			t.Error("the end of the fault is to be told, once")
		}
	}
}
