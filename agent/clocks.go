package agent

import (
	"encoding/binary"
	"time"
)

// A host that slept, or a virtual machine that resumed from a snapshot, shows it by its clocks: the monotonic clock of Linux
// stands still meanwhile, the one since the boot goes on in sleep, and the wall clock is set when somebody notices. If the
// snapshot is resumed twice, two agents seal with one key and one counter (see seal/life.go). So the agent looks at its clocks
// four times a second, and begins another life of its sealer when they have jumped apart. One life too many does no harm.

const (
	lookAtClocks = 250 * time.Millisecond
	clocksApart  = time.Second // more than any daemon turns a clock in that time, or than three readings take
)

// clocks are what the three clocks of a host show at one time, each from an origin of its own.
type clocks struct{ boot, monotonic, wall time.Duration }

// jumped reports whether the clocks have gone on by different times since an earlier reading.
func (c clocks) jumped(since clocks) bool {
	went := c.monotonic - since.monotonic
	return (c.boot-since.boot-went).Abs() > clocksApart || (c.wall-since.wall-went).Abs() > clocksApart
}

// bytes returns the readings, which no two machines share that were resumed at different times.
func (c clocks) bytes() (b []byte) {
	for _, t := range []time.Duration{c.boot, c.monotonic, c.wall} {
		b = binary.BigEndian.AppendUint64(b, uint64(t))
	}
	return b
}

// watchClocks begins another life of the sealer whenever the clocks have jumped apart, until the agent ends.
func (a *Agent) watchClocks(read func() clocks) {
	look := time.NewTicker(lookAtClocks)
	defer look.Stop()
	for last := read(); ; {
		select {
		case <-look.C:
		case <-a.Done():
			return
		}
		now := read()
		if now.jumped(last) {
			a.sealer.Renew(now.bytes(), time.Now())
			a.log.Info("the clocks of this host have jumped apart, as after a sleep or a snapshot: a new boot id is in use",
				"monotonic", now.monotonic-last.monotonic, "since boot", now.boot-last.boot, "wall", now.wall-last.wall)
		}
		last = now
	}
}
