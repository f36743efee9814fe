package bench

import (
	"math/rand/v2"
	"slices"
	"time"

	"heartsay/api"
	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/sim"
)

// runFreeze is [runBlock] for heartsay's engine in package sim, with members that are stopped as by SIGSTOP: neither
// their timers run nor do they take what comes, which waits for them. A bubble cannot stop a goroutine, and memberlist
// cannot be stopped without a change, so there is nothing to compare it with.
func runFreeze(g blockCase, seed uint64) (m mistakes) {
	c := sim.New(sim.Config{
		Seed: seed, Interval: heartsayLAN.config().Interval, Gossip: gossip.DefaultConfig(),
		Network: sim.Network{Latency: 500 * time.Microsecond, Jitter: time.Millisecond},
	})
	names := map[string]int{}
	for i := range g.Members {
		names[sim.Name(i)] = i
	}
	var events []event
	c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
		s := heartsayStates[api.EventType(e.Type.String())]
		if subject, known := names[e.Member.Record.Name]; known && (s == dead || s == suspect) {
			events = append(events, event{at, names[observer], subject, s})
		}
	}
	c.Boot(g.Members, time.Second)
	c.Run(2 * settleTime)
	victims := rand.New(rand.NewPCG(seed, 1<<32)).Perm(g.Members - 1)[:g.Blocked]
	afflicted := map[int]bool{}
	for i := range victims {
		victims[i]++
		afflicted[victims[i]] = true
	}
	began := c.Now()
	spans := freezeCycles(c, victims, g)
	c.Run(wakeSettle)
	m.StillDead = simDeadPairs(c, victims, afflicted, names)
	c.Run(time.Minute - wakeSettle)
	m.DeadAtEnd = simDeadPairs(c, slices.Collect(func(yield func(int) bool) {
		for i := range g.Members {
			if !yield(i) {
				return
			}
		}
	}), afflicted, names)
	for _, e := range events {
		if e.At >= began {
			m.count(e, afflicted, spans)
		}
	}
	return m
}

func freezeCycles(c *sim.Cluster, members []int, g blockCase) (spans []span) {
	began := c.Now()
	for {
		for _, i := range members {
			c.Freeze(sim.Name(i))
		}
		from := c.Now()
		c.Run(g.Block)
		spans = append(spans, span{from, c.Now()})
		for _, i := range members {
			c.Thaw(sim.Name(i))
		}
		if c.Now()-began >= blockTime {
			return spans
		}
		c.Run(g.Open)
	}
}

func simDeadPairs(c *sim.Cluster, observers []int, except map[int]bool, names map[string]int) (pairs int) {
	for _, o := range observers {
		for _, v := range c.Member(sim.Name(o)).Engine.Snapshot(c.Clock()) {
			pairs += btoi(v.State == membership.Dead && !except[names[v.Record.Name]])
		}
	}
	return pairs
}
