package bench

import (
	"time"
)

// chitchatSystem is heartsay at the interval of chitchat's own tests, 300 ms, with all else as in profile lan.
var chitchatSystem = heartsaySystem{name: "heartsay lan, 300 ms", interval: 300 * time.Millisecond, plain: true}

// chitchatCase is one of the assertions of chitchat's own tests, on our cluster.
type chitchatCase struct {
	Members int
	Loss    float64
	Death   time.Duration // a crash is to be seen by all within this time; 0: not asked
	Calm    time.Duration // nobody is to die in this time; 0: not asked
	Bytes   float64       // that a member may send in a second; 0: not asked
}

var chitchatCases = []chitchatCase{
	{Members: 10, Bytes: 15e3},
	{Members: 20, Bytes: 25e3, Death: 10 * time.Second},
	{Members: 40, Bytes: 50e3, Death: 10 * time.Second},
	{Members: 100, Bytes: 120e3, Death: 10 * time.Second},
	{Members: 100, Loss: 0.5, Death: 15 * time.Second, Calm: 30 * time.Second},
}

type chitchatRun struct {
	Bytes     float64
	Death     time.Duration // until the last survivor declared the crashed member dead
	Missed    int
	FalseDead int
}

func runChitchat(in Bubble, g chitchatCase, seed uint64) (r chitchatRun) {
	in.cluster(chitchatSystem, g.Members, seed, func(c *cluster) {
		c.boot(g.Members, time.Second)
		c.converge(time.Minute, 100*time.Millisecond)
		from := c.now()
		c.lose(lossy{share: g.Loss})
		r.Bytes = c.quiet(30 * time.Second).Bytes
		for _, e := range c.since(from) {
			r.FalseDead += btoi(e.State == dead)
		}
		d := c.crashAndWatch(c.pick(g.Members, 1))
		r.Missed = d.Missed
		for _, took := range d.Times {
			r.Death = max(r.Death, took)
		}
	})
	return r
}
