package bench

import "time"

// How long a run takes its time, at a pace of a second or less. Slower paces stretch it.
const (
	settleTime = 30 * time.Second // after all know all, and after the loss has set in
	quietTime  = 90 * time.Second // to count bytes: one of memberlist's full exchanges at 128 members; twice that at 1000 at least
	watchTime  = 60 * time.Second // after a crash
)

// pace is the time between two rounds of a system, or probes.
func pace(s system) time.Duration {
	switch s := s.(type) {
	case heartsaySystem:
		return s.config().Interval
	case memberlistSystem:
		return s.config().ProbeInterval
	}
	panic("bench: a system without a pace")
}

// stretched returns d, or as many paces of the system when that is longer.
func stretched(d time.Duration, s system, paces int) time.Duration {
	return max(d, time.Duration(paces)*pace(s))
}

// quietFor returns for how long the bytes of n members are counted. Of many it is as long as it takes a member of either system to
// go through all others once: before, heartsay knows less of how old news is.
func quietFor(s system, n int) time.Duration {
	if n > 128 {
		return stretched(2*quietTime, s, n)
	}
	return stretched(quietTime, s, 60)
}

// settled starts n members, and returns when they know one another and have had time to get used to the loss.
func (c *cluster) settled(n int, loss lossy) {
	c.boot(n, time.Second)
	c.converge(5*time.Minute, 100*time.Millisecond)
	c.lose(loss)
	time.Sleep(stretched(settleTime, c.system, 60))
}

// cost is what a member sends in a second, headers included.
type cost struct{ Packets, Bytes, StreamBytes float64 }

// quiet lets time pass in which nothing happens, and returns what the members sent.
func (c *cluster) quiet(d time.Duration) cost {
	before := c.total()
	time.Sleep(d)
	sent := c.total().minus(before)
	per := 1 / (float64(len(c.running())) * d.Seconds())
	return cost{float64(sent.Packets) * per, float64(sent.Bytes+sent.StreamBytes) * per, float64(sent.StreamBytes) * per}
}
