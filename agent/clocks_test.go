package agent

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestClocksThatJumpApartAreNoticed(t *testing.T) {
	const ms, hour = time.Millisecond, time.Hour
	for _, c := range []struct {
		what string
		went clocks
		want bool
	}{
		{"a quarter of a second", clocks{250 * ms, 250 * ms, 250 * ms}, false},
		{"a stall of an hour", clocks{hour, hour, hour}, false},
		{"a wall clock that is turned", clocks{250 * ms, 250 * ms, 251 * ms}, false},
		{"a second, not more", clocks{250 * ms, 250 * ms, 1250 * ms}, false},
		{"a snapshot of an hour ago, once the wall clock is set", clocks{250 * ms, 250 * ms, hour}, true},
		{"a wall clock that is set back", clocks{250 * ms, 250 * ms, -hour}, true},
		{"a sleep", clocks{hour, 250 * ms, hour}, true},
		{"a sleep, the wall clock not yet set", clocks{hour, 250 * ms, 250 * ms}, true},
		{"a machine whose clocks all went on while it was stopped", clocks{hour, hour, hour}, false},
		{"no clocks to read", clocks{}, false},
	} {
		since := clocks{5 * hour, 3 * hour, 1000 * hour}
		now := clocks{since.boot + c.went.boot, since.monotonic + c.went.monotonic, since.wall + c.went.wall}
		if got := now.jumped(since); got != c.want {
			t.Errorf("%s: the clocks have jumped apart: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestClocksOfThisHostGoTogether(t *testing.T) {
	before := readClocks()
	if now := readClocks(); now.jumped(before) || now.monotonic <= before.monotonic || now == (clocks{}) {
		t.Errorf("the clocks went from %+v to %+v", before, now)
	}
}

// TestMachineThatResumesFromASnapshotBeginsAnotherLife: nobody takes its member for dead, and it seals under another key.
func TestMachineThatResumesFromASnapshotBeginsAnotherLife(t *testing.T) {
	virtually(t, func(c *cluster) {
		keys := keysOf("x")
		a := c.startSealed("a", 1, keys)
		c.startSealed("b", 2, keys, at(1).String())
		c.sees("a", 5*time.Second, "b=alive")
		var apart atomic.Int64
		begin := time.Now()
		a.endpoints.Go(func() {
			a.watchClocks(func() clocks {
				d := time.Since(begin)
				return clocks{d, d, d + time.Duration(apart.Load())}
			})
		})
		before := bootOf(a)
		time.Sleep(5 * time.Second)
		if bootOf(a) != before {
			t.Error("the boot id changed without a reason")
		}
		apart.Store(int64(time.Hour))
		for range 60 {
			time.Sleep(time.Second)
			if got := c.view("a") + " " + c.view("b"); got != "b=alive a=alive" {
				t.Fatalf("after the jump the views are %s", got)
			}
		}
		if bootOf(a) == before {
			t.Error("the boot id is the same as before the clocks jumped apart")
		}
		if n := a.named()["drop_stale"]; n > 2 {
			t.Errorf("%d packets were meant for the life before", n)
		}
	})
}
