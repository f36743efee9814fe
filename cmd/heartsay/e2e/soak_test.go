package e2e

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"heartsay/api"
)

var (
	soakFor    = flag.Duration("soak", 0, "inject faults into a cluster of real agents for this long; see make soak")
	soakAgents = flag.Int("soak.agents", 50, "agents of that cluster")
	soakSeed   = flag.Uint64("soak.seed", 1, "seed of the choice of faults")
	soakPeriod = flag.Duration("soak.period", 5*time.Minute, "after which all faults end, and the agents are looked at")
	soakReport = flag.String("soak.report", "", "write the report, as Markdown, into this file as it grows")
)

// TestSoak injects random faults into a cluster of real agents, several at once and a new one every few seconds, and
// looks at all agents after each period: their views must be equal again, no agent may have declared another one dead without a
// reason, and the elders, who are never restarted, may not have grown.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("takes an hour: make soak")
	}
	s := &soak{
		rig: newRig(t, *soakAgents), rng: rand.New(rand.NewPCG(*soakSeed, 0)),
		elders: *soakAgents / 3, counts: map[string]int{}, began: time.Now(),
	}
	s.ticks = s.elderTicks()
	s.checkpoint()
	for time.Since(s.began) < *soakFor {
		s.injectFaults(min(*soakPeriod, max(*soakFor-time.Since(s.began), time.Second)))
		s.calm()
		s.checkpoint()
	}
	s.judge()
}

// soak is the state of the long run. Hosts 1 to elders are never restarted.
type soak struct {
	*rig
	rng     *rand.Rand
	elders  int
	began   time.Time
	ticks   uint64 // processor time of the elders until then
	active  []*trouble
	past    []*trouble
	counts  map[string]int // faults by name
	settled []time.Duration
	samples []growth
	odd     []string // what should not have happened, each in a sentence
}

// trouble is a fault in force, or one that was.
type trouble struct {
	*fault
	host       int
	begin, end time.Time // end: when it is over, or was
	undo       func()
}

// The pace of the faults: a new one each 0.5 to 3.5 s for 1 to 30 s, at a quarter of the hosts at most.
const (
	soakNext = 3 * time.Second
	soakLong = 29 * time.Second
)

func (s *soak) injectFaults(d time.Duration) {
	next := time.Now()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		now := time.Now()
		for _, tr := range slices.Clone(s.active) {
			if now.After(tr.end) {
				s.finish(tr)
			}
		}
		if now.After(next) && len(s.active) < *soakAgents/4 {
			s.begin(now)
			next = now.Add(time.Second/2 + time.Duration(s.rng.Int64N(int64(soakNext))))
		}
	}
}

// begin puts a random fault in force at a host that has none.
func (s *soak) begin(now time.Time) {
	f := &soakFaults[s.rng.IntN(len(soakFaults))]
	first := 1
	if f.restarts {
		first = s.elders + 1
	}
	host := first + s.rng.IntN(*soakAgents-first+1)
	if s.troubled(host) {
		return
	}
	tr := &trouble{fault: f, host: host, begin: now}
	s.active = append(s.active, tr)
	s.counts[f.name]++
	tr.undo = f.begin(s, host)
	tr.end = now.Add(time.Second + time.Duration(s.rng.Int64N(int64(soakLong))))
}

func (s *soak) finish(tr *trouble) {
	tr.undo()
	tr.end = time.Now()
	s.active = slices.DeleteFunc(s.active, func(other *trouble) bool { return other == tr })
	s.past = append(s.past, tr)
}

func (s *soak) troubled(host int) bool {
	return slices.ContainsFunc(s.active, func(tr *trouble) bool { return tr.host == host })
}

// healthy returns a random host without a fault, but the one given.
func (s *soak) healthy(but int) int {
	for {
		if host := 1 + s.rng.IntN(*soakAgents); host != but && !s.troubled(host) {
			return host
		}
	}
}

// calm ends all faults, and waits until the views of all agents are equal. Then it gives the elders time to go back to
// UDP, so that no stream is open when they are looked at.
func (s *soak) calm() {
	for len(s.active) > 0 {
		s.finish(s.active[0])
	}
	s.settled = append(s.settled, s.settle(90*time.Second, s.agents...))
	onStreams := func(p *process) bool { return p.paths()[api.PathStream] > 0 }
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		if !slices.ContainsFunc(s.agents[:s.elders], onStreams) {
			break
		}
	}
	time.Sleep(5 * time.Second) // longer than an idle stream stays open
}

// checkpoint looks at the elders.
func (s *soak) checkpoint() {
	g := growth{at: time.Since(s.began), state: s.stateFolder()}
	for _, p := range s.agents[:s.elders] {
		self, err := p.client.Self(context.Background())
		if err != nil {
			s.t.Fatalf("%s: %v\n%s", p.name, err, p.log)
		}
		g.add(size{uint64(self.Goroutines), self.HeapBytes, p.resident(), p.threads(), p.openFiles(), self.LastSeq})
	}
	s.samples = append(s.samples, g)
	report := s.report()
	fmt.Println(report)
	if *soakReport != "" {
		if err := os.WriteFile(*soakReport, []byte(report), 0o644); err != nil {
			s.t.Error(err)
		}
	}
}

// excuse is how long after a fault its victim may still be declared dead by those who have not heard of its end: the
// longest time-out and a little.
const excuse = 25 * time.Second

// accusations returns the deaths that were called without a reason: neither did the subject have a fault that silences
// it, nor the observer one that makes it deaf.
func (s *soak) accusations(kind api.EventType) []observed {
	return s.record.which(func(o observed) bool {
		if o.Type != kind || o.at.Before(s.began) {
			return false
		}
		for _, tr := range slices.Concat(s.past, s.active) {
			during := !o.at.Before(tr.begin) && o.at.Before(tr.end.Add(excuse))
			if during && (tr.silences && hostName(tr.host) == o.Member.Name || tr.deafens && hostName(tr.host) == o.observer) {
				return false
			}
		}
		return true
	})
}

func (s *soak) deaths() int {
	return len(s.record.which(func(o observed) bool { return o.Type == "dead" && o.at.After(s.began) }))
}

// judge fails the test for what should not have happened.
func (s *soak) judge() {
	for _, o := range s.accusations("dead") {
		s.t.Errorf("without a reason: %s", s.describe(o))
	}
	for _, odd := range s.odd {
		s.t.Error(odd)
	}
	if len(s.samples) < 3 {
		return
	}
	for _, fault := range s.samples[len(s.samples)-1].above(s.samples[1]) {
		s.t.Error(fault)
	}
}
