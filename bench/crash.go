package bench

import (
	"math"
	"slices"
	"time"
)

// crashRun is one cluster: first nothing happens, then one member crashes, then ten.
type crashRun struct {
	Cost         cost
	One, Ten     detection
	FalseDead    int // events that declare a running member dead
	FalseSuspect int // heartsay alone tells of suspicion
}

// detection is when survivors declared crashed members dead, for good.
type detection struct {
	Times    []time.Duration // since the crash, for each pair of survivor and crashed member
	Suspects []time.Duration // the same, until they suspected it; memberlist does not tell
	Missed   int             // pairs where it did not come to a death
}

func (d detection) plus(o detection) detection {
	return detection{slices.Concat(d.Times, o.Times), slices.Concat(d.Suspects, o.Suspects), d.Missed + o.Missed}
}

func runCrash(in Bubble, sys system, n int, loss lossy, seed uint64) (r crashRun) {
	in.cluster(sys, n, seed, func(c *cluster) {
		c.settled(n, loss)
		from := c.now()
		r.Cost = c.quiet(quietFor(sys, n))
		victims := c.pick(n, 11)
		crashed := map[int]time.Duration{victims[0]: c.now()}
		r.One = c.crashAndWatch(victims[:1])
		for _, v := range victims[1:] {
			crashed[v] = c.now()
		}
		r.Ten = c.crashAndWatch(victims[1:])
		for _, e := range c.since(from) {
			if at, ok := crashed[e.Subject]; !ok || e.At < at {
				r.FalseDead += btoi(e.State == dead)
				r.FalseSuspect += btoi(e.State == suspect)
			}
		}
	})
	return r
}

func (c *cluster) crashAndWatch(victims []int) (d detection) {
	at := c.now()
	for _, v := range victims {
		c.crash(v)
	}
	time.Sleep(stretched(watchTime, c.system, 60))
	died, suspected := map[[2]int]time.Duration{}, map[[2]int]time.Duration{}
	for _, e := range c.since(at) {
		switch e.State {
		case dead:
			died[[2]int{e.Observer, e.Subject}] = e.At - at
		case suspect:
			suspected[[2]int{e.Observer, e.Subject}] = e.At - at
		}
	}
	for _, o := range c.running() {
		for _, v := range victims {
			if took, ok := suspected[[2]int{o, v}]; ok {
				d.Suspects = append(d.Suspects, took)
			}
			took, ok := died[[2]int{o, v}]
			if ok && c.view(o, v) == dead {
				d.Times = append(d.Times, took)
			} else {
				d.Missed++
			}
		}
	}
	return d
}

// quantile returns the least value that the share q of all values does not exceed, in seconds; NaN when there is none.
func quantile(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)].Seconds()
}

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
