package bench

import (
	"time"
)

// blockCase is a cell of Lifeguard's grid: C of 128 members are blocked for D, open for I, and so on for 120 s.
type blockCase struct {
	Members, Blocked int
	Block, Open      time.Duration
}

func blockGrid() (grid []blockCase) {
	for _, c := range []int{1, 8, 16, 32} {
		for _, d := range []time.Duration{2 * time.Second, 16 * time.Second, 32 * time.Second} {
			for _, i := range []time.Duration{64 * time.Millisecond, time.Second} {
				grid = append(grid, blockCase{128, c, d, i})
			}
		}
	}
	return grid
}

const (
	blockTime  = 120 * time.Second
	wakeSettle = 5 * time.Second // after the last wake, until a view should be right again
)

// mistakes are events that declare a healthy member dead, one that is neither blocked nor stopped, by who says so and
// when; and views that are wrong later.
type mistakes struct {
	AtHealthy     int // at members that are healthy themselves
	WhileBlocked  int // at blocked members, while they hear nothing
	AfterWake     int // at blocked members, while they are open, and after the last block
	StillDead     int // pairs (blocked member, healthy member that it declares dead) 5 s after the last wake
	DeadAtEnd     int // pairs (anybody, healthy member that it declares dead) a minute after the last wake
	SuspectHealth int // suspicions of healthy members at healthy members; memberlist does not tell
	Blocked       int // events that declare a blocked member dead, at healthy members
}

func (m mistakes) plus(o mistakes) mistakes {
	return mistakes{
		m.AtHealthy + o.AtHealthy, m.WhileBlocked + o.WhileBlocked, m.AfterWake + o.AfterWake, m.StillDead + o.StillDead,
		m.DeadAtEnd + o.DeadAtEnd, m.SuspectHealth + o.SuspectHealth, m.Blocked + o.Blocked,
	}
}

// count adds up what an event means, when those members are afflicted in those spans of time.
func (m *mistakes) count(e event, afflicted map[int]bool, spans []span) {
	switch {
	case afflicted[e.Subject]:
		m.Blocked += btoi(e.State == dead && !afflicted[e.Observer])
	case !afflicted[e.Observer]:
		m.AtHealthy += btoi(e.State == dead)
		m.SuspectHealth += btoi(e.State == suspect)
	case e.State == dead:
		for _, s := range spans {
			if s.holds(e.At) {
				m.WhileBlocked++
				return
			}
		}
		m.AfterWake++
	}
}

func runBlock(in Bubble, sys system, g blockCase, seed uint64) (m mistakes) {
	in.cluster(sys, g.Members, seed, func(c *cluster) {
		c.settled(g.Members, lossy{})
		time.Sleep(settleTime)
		from := c.now()
		victims := c.pick(g.Members, g.Blocked)
		afflicted := setOf(victims)
		spans := c.blockCycles(victims, g.Block, g.Open, blockTime)
		time.Sleep(wakeSettle)
		m.StillDead = c.deadPairs(victims, afflicted)
		time.Sleep(time.Minute - wakeSettle)
		m.DeadAtEnd = c.deadPairs(c.running(), afflicted)
		for _, e := range c.since(from) {
			m.count(e, afflicted, spans)
		}
	})
	return m
}

// deadPairs counts the pairs of an observer and a running member, none of those excepted, that it declares dead.
func (c *cluster) deadPairs(observers []int, except map[int]bool) (pairs int) {
	for _, o := range observers {
		for _, s := range c.running() {
			pairs += btoi(!except[s] && c.view(o, s) == dead)
		}
	}
	return pairs
}

func setOf(members []int) map[int]bool {
	set := map[int]bool{}
	for _, i := range members {
		set[i] = true
	}
	return set
}
