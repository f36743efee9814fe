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
