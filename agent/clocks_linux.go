package agent

import (
	"time"

	"golang.org/x/sys/unix"
)

// readClocks reads the clocks of this host. One that there is not stands still, like all others then.
func readClocks() clocks {
	var all [3]time.Duration
	for i, id := range []int32{unix.CLOCK_BOOTTIME, unix.CLOCK_MONOTONIC, unix.CLOCK_REALTIME} {
		var t unix.Timespec
		if err := unix.ClockGettime(id, &t); err != nil {
			return clocks{}
		}
		all[i] = time.Duration(t.Nano())
	}
	return clocks{all[0], all[1], all[2]}
}
