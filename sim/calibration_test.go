package sim_test

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/sim"
)

// cell is a cluster whose waits are judged.
type cell struct {
	members   int
	loss      float64
	fanout    int
	budget    int // bytes of a digest: a view of more than some 0.6 B a member takes turns
	warmUp    int // intervals that only teach
	intervals int // that are judged
}

// passes are the waits of a cell, how many of them had reached a Φ of 1, 2 …, and at how many moments of one observer.
type passes struct {
	waits           int
	passed, moments [6]int
}

// judge runs a cluster, and counts what each observer's own model said of each wait just before it ended. Time-outs
// do not cut waits short.
func (c cell) judge(t *testing.T, seed uint64) (p passes) {
	const interval = 500 * time.Millisecond
	g := gossip.DefaultConfig()
	g.Fanout, g.Budget = c.fanout, c.budget
	g.Suspect = gossip.Threshold{Phi: 100, Min: time.Hour, Max: time.Hour}
	g.Dead = g.Suspect
	warm := false
	last := map[string]*[6]time.Time{} // when the observer last saw a wait pass
	g.OnWait = func(w gossip.Wait) {
		if !warm {
			return
		}
		p.waits++
		if w.Phi < 1 {
			return
		}
		if last[w.Observer] == nil {
			last[w.Observer] = new([6]time.Time)
		}
		for k := 0; k < len(p.passed) && w.Phi >= float64(k+1); k++ {
			p.passed[k]++
			if at := &last[w.Observer][k]; !at.Equal(w.At) {
				p.moments[k]++
				*at = w.At
			}
		}
	}
	network := sim.Network{Latency: time.Millisecond, Jitter: 2 * time.Millisecond, Loss: c.loss}
	s := sim.New(sim.Config{Seed: seed, Interval: interval, Gossip: g, Network: network})
	s.BootSettled(c.members, interval, func([]membership.Entry) {})
	s.Run(time.Duration(c.warmUp) * interval)
	warm = true
	s.Run(time.Duration(c.intervals) * interval)
	return p
}

func (p passes) String() (s string) {
	for k, passed := range p.passed {
		s += fmt.Sprintf(" %d: ×%.2f", k+1, float64(passed)/float64(p.waits)*math.Pow10(k+1))
	}
	return s
}

// mustMean fails unless the share that passes Φ is 10^−Φ to a factor of 3 up to 5, and at most ten times that at 6. Waits
// pass together, when one message ends them: it tells so only where some should pass at ten moments or more.
func (p passes) mustMean(t *testing.T) {
	t.Helper()
	for k, passed := range p.passed {
		want := float64(p.waits) * math.Pow10(-k-1)
		crowd := max(float64(passed), 1) / float64(max(p.moments[k], 1))
		if want/crowd < 10 {
			return
		}
		most, least := 3*want, want/3
		if k == 5 {
			most, least = 10*want, 0
		}
		if float64(passed) > most || float64(passed) < least {
			t.Errorf("phi %d is passed by %d of %d waits, at %d moments; want some %.0f", k+1, passed, p.waits, p.moments[k], want)
		}
	}
}

// mustMeanAmong holds the cells to the definition of Φ, with a seed that chose nothing.
func mustMeanAmong(t *testing.T, cells ...cell) {
	for _, c := range cells {
		name := fmt.Sprintf("%d members, loss %g, fanout %d, budget %d", c.members, c.loss, c.fanout, c.budget)
		t.Run(name, func(t *testing.T) {
			const seed = 5
			began := time.Now()
			p := c.judge(t, seed)
			t.Logf("%s: %d waits,%s (seed %d, %s)", name, p.waits, p, seed, time.Since(began).Round(time.Second/10))
			p.mustMean(t)
		})
	}
}

// TestPhiMeansTheShareOfSilencesThatPassIt (R7) holds the default detector to the definition of Φ.
func TestPhiMeansTheShareOfSilencesThatPassIt(t *testing.T) {
	if testing.Short() || raced { // all in one goroutine
		mustMeanAmong(t, cell{10, 0, 1, 256, 600, 5000})
		return
	}
	mustMeanAmong(t,
		cell{10, 0, 1, 256, 600, 5000}, cell{10, 0.1, 2, 256, 600, 5000}, cell{10, 0.3, 1, 256, 600, 5000}, cell{10, 0.3, 3, 256, 600, 3000},
		cell{100, 0, 1, 256, 300, 100}, cell{100, 0.1, 2, 256, 200, 100}, cell{100, 0.3, 3, 256, 150, 100}, cell{100, 0.3, 1, 64, 400, 400},
		cell{300, 0.1, 1, 64, 150, 60})
}

var calibrate = flag.Bool("calibrate", false, "hold the detector to the definition of Φ among 1000 members; see make calibrate")

// TestPhiMeansTheSameAmongAThousand (R7) holds two clusters of 1000 members to it, chosen for what they cost, once each observer has
// seen some 65 waits of each member and begun to forget. Without -calibrate it takes 300 members, whose digests take turns as well.
// The program bench has the others.
func TestPhiMeansTheSameAmongAThousand(t *testing.T) {
	t.Parallel()
	large(t)
	if !*calibrate {
		mustMeanAmong(t, cell{300, 0.1, 2, 75, 200, 60})
		return
	}
	mustMeanAmong(t, cell{1000, 0, 1, 256, 300, 20}, cell{1000, 0.1, 2, 256, 200, 60})
}
