//go:build !linux

package agent

import "time"

var clocksBegan = time.Now()

// readClocks reads the clocks that every system has; the one since the boot is taken to go like the monotonic one.
func readClocks() clocks {
	now := time.Now()
	monotonic := now.Sub(clocksBegan)
	return clocks{monotonic, monotonic, time.Duration(now.UnixNano())}
}
