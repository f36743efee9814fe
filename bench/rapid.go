package bench

import (
	"slices"
	"time"
)

// The experiments of Rapid's paper [Suresh 2018].

// bootstrapRun is how a cluster comes to be that starts at once, through one seed.
type bootstrapRun struct {
	All, Most time.Duration // until all know all, and until 99 % of the pairs do
	Done      bool          // within ten minutes
	Bytes     float64       // sent by each member until all know all
	FalseDead int
}

func runBootstrap(in Bubble, sys system, n int, seed uint64) (r bootstrapRun) {
	in.cluster(sys, n, seed, func(c *cluster) {
		c.boot(n, time.Second)
		_, r.Done = c.converge(10*time.Minute, 50*time.Millisecond)
		r.All = c.now()
		r.Bytes = float64(c.total().Bytes+c.total().StreamBytes) / float64(n)
		var joins []time.Duration
		for _, e := range c.since(0) {
			r.FalseDead += btoi(e.State == dead)
			if e.State == alive {
				joins = append(joins, e.At)
			}
		}
		slices.Sort(joins)
		if most := n * (n - 1) * 99 / 100; len(joins) >= most {
			r.Most = joins[most-1]
		}
	})
	return r
}

// oneWayRun is what comes of members that hear badly, or are heard badly.
type oneWayRun struct {
	mistakes       // where blocked reads afflicted: WhileBlocked is while the fault lasts
	Returns    int // events that call an afflicted member alive again, at healthy members
	ViewsMax   int // different view sizes at one moment, at healthy members
	ViewsMean  float64
	GoneAtEnd  int // afflicted members that all healthy members declare dead while the fault lasts, at its end
	SplitAtEnd int // afflicted members over which healthy members disagree then
}

// runFlipFlop takes all ingress from ten members for 20 s, gives it back for 20 s, and so on, five times.
func runFlipFlop(in Bubble, sys system, n int, seed uint64) oneWayRun {
	return runOneWay(in, sys, n, 10, seed, func(c *cluster, victims []int, watch func(time.Duration)) (spans []span) {
		for range 5 {
			c.loseAt(victims, 1, 0)
			from := c.now()
			watch(20 * time.Second)
			c.loseAt(victims, 0, 0)
			spans = append(spans, span{from, c.now()})
			watch(20 * time.Second)
		}
		return spans
	})
}

// runLossy loses four fifths of what one in a hundred members receives, or of what it sends, for six minutes.
func runLossy(in Bubble, sys system, n int, ingress, egress float64, seed uint64) oneWayRun {
	return runOneWay(in, sys, n, (n+99)/100, seed, func(c *cluster, victims []int, watch func(time.Duration)) []span {
		c.loseAt(victims, ingress, egress)
		from := c.now()
		watch(6 * time.Minute)
		return []span{{from, c.now()}}
	})
}

func runOneWay(in Bubble, sys system, n, afflict int, seed uint64,
	fault func(c *cluster, victims []int, watch func(time.Duration)) []span) (r oneWayRun) {
	in.cluster(sys, n, seed, func(c *cluster) {
		c.settled(n, lossy{})
		time.Sleep(settleTime)
		from := c.now()
		victims := c.pick(n, afflict)
		afflicted := setOf(victims)
		healthy := slices.DeleteFunc(c.running(), func(i int) bool { return afflicted[i] })
		var views []float64
		spans := fault(c, victims, func(d time.Duration) {
			for range int(d / time.Second) {
				time.Sleep(time.Second)
				views = append(views, float64(c.sizes(healthy)))
			}
		})
		r.ViewsMax, r.ViewsMean = int(slices.Max(views)), mean(views)
		r.GoneAtEnd, r.SplitAtEnd = c.agreement(healthy, victims)
		c.loseAt(victims, 0, 0)
		time.Sleep(wakeSettle)
		r.StillDead = c.deadPairs(victims, afflicted)
		time.Sleep(time.Minute - wakeSettle)
		r.DeadAtEnd = c.deadPairs(c.running(), afflicted)
		for _, e := range c.since(from) {
			r.count(e, afflicted, spans)
			r.Returns += btoi(e.State == alive && afflicted[e.Subject] && !afflicted[e.Observer])
		}
	})
	return r
}

// agreement counts the victims that all observers declare dead, and those over which they disagree.
func (c *cluster) agreement(observers, victims []int) (gone, split int) {
	for _, v := range victims {
		absent := 0
		for _, o := range observers {
			absent += btoi(!c.view(o, v).present())
		}
		gone += btoi(absent == len(observers))
		split += btoi(absent > 0 && absent < len(observers))
	}
	return gone, split
}

// mean returns the mean; NaN of nothing.
func mean(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return sum / float64(len(all))
}
