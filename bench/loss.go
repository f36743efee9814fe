package bench

import (
	"time"
)

// lossRun is what goes wrong while a share of everything is lost.
type lossRun struct{ FalseDead, FalseSuspect, DeadAtEnd int }

func runLoss(in Bubble, sys system, n int, loss lossy, d time.Duration, seed uint64) (r lossRun) {
	in.cluster(sys, n, seed, func(c *cluster) {
		c.boot(n, time.Second)
		c.converge(5*time.Minute, 100*time.Millisecond)
		from := c.now()
		c.lose(loss)
		time.Sleep(d)
		for _, e := range c.since(from) {
			r.FalseDead += btoi(e.State == dead)
			r.FalseSuspect += btoi(e.State == suspect)
		}
		r.DeadAtEnd = c.deadPairs(c.running(), nil)
	})
	return r
}

// joinsRun is 17 members that join one after the other while a tenth of everything is lost [SWIM 2002].
type joinsRun struct {
	Known     []time.Duration // for each join, until all who run know of it and it of all
	Missed    int             // joins for which it did not come to that within a minute
	FalseDead int             // in ten minutes
}

func runJoins(in Bubble, sys system, seed uint64) (r joinsRun) {
	const members = 17
	in.cluster(sys, members, seed, func(c *cluster) {
		c.lose(lossy{share: 0.1})
		for i := range members {
			c.start(i, -btoi(i == 0)) // the first by nobody, all others by the first
			if took, ok := c.converge(time.Minute, 10*time.Millisecond); ok {
				r.Known = append(r.Known, took)
			} else {
				r.Missed++
			}
			time.Sleep(time.Duration(c.rng.Int64N(int64(4 * time.Second))))
		}
		time.Sleep(10 * time.Minute)
		for _, e := range c.since(0) {
			r.FalseDead += btoi(e.State == dead)
		}
	})
	return r
}
