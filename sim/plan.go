package sim

import (
	"time"
)

// PlanGoal is what an operator wants of a cluster that is not configured yet.
type PlanGoal struct {
	Members      int           // that the cluster will have
	Simulated    int           // that are simulated, at most Members
	DetectWithin time.Duration // healthy members should know of a crash by then, in 99 of 100 cases
	Loss         float64       // share of the packets that will be lost, 0 to 1
	Latency      time.Duration // of the packets, one way
	Budget       float64       // bytes that a member may send in a second; 0: any number
	Seed         uint64
}

// Candidate is a configuration that may reach a goal.
type Candidate struct {
	Settings
	Members int // simulated
	goal    PlanGoal
}

// Trial is what a candidate was measured to do.
type Trial struct {
	Candidate Candidate
	Report    Report
	Hours     float64 // of all members together, in which mistakes were looked for
	TooSlow   bool    // 99 of 100 healthy observers take longer, or some did not find out at all
	TooDear   bool    // it sends more than the budget
	Mistaken  bool    // it declared a healthy member dead
}

// Fits reports whether the goal is reached.
func (t Trial) Fits() bool { return !t.TooSlow && !t.TooDear && !t.Mistaken }

// planIntervals are the intervals that are considered. Shorter ones drown in the scheduling of real hosts.
var planIntervals = []time.Duration{
	50 * time.Millisecond, 75 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond,
	250 * time.Millisecond, 300 * time.Millisecond, 400 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond,
	time.Second, 1500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second,
	15 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute,
}

// Candidates returns the configurations to try for a goal: with one peer and with two, the interval with which detection
// should take about the time wanted, one shorter and two longer ones. The shortest and longest silences are those of base in
// proportion to the interval; all else is as in base.
func (g PlanGoal) Candidates(base Settings) []Candidate {
	var all []Candidate
	for _, fanout := range []int{1, 2} {
		fit := g.DetectWithin.Seconds() / g.intervalsToDetect()
		nearest := 0
		for i, t := range planIntervals {
			if t.Seconds() <= fit {
				nearest = i
			}
		}
		for i := max(0, nearest-1); i <= min(nearest+2, len(planIntervals)-1); i++ {
			s, t := base, planIntervals[i]
			s.Interval, s.Fanout = t, fanout
			s.Suspect, s.Dead = scaled(s.Suspect, t, base.Interval), scaled(s.Dead, t, base.Interval)
			all = append(all, Candidate{Settings: s, Members: g.Simulated, goal: g})
		}
	}
	return all
}

// scaled returns a threshold whose silences are to the interval t as those of h are to the interval base.
func scaled(h Threshold, t, base time.Duration) Threshold {
	ratio := t.Seconds() / base.Seconds()
	h.Min, h.Max = scale(h.Min, ratio), scale(h.Max, ratio)
	return h
}

func scale(d time.Duration, ratio float64) time.Duration {
	return time.Duration(float64(d) * ratio).Round(time.Millisecond)
}

// intervalsToDetect guesses how many intervals detection takes at p99, whatever the number of members: 6 to 7 without
// loss, 7 to 8 at 30 %.
func (g PlanGoal) intervalsToDetect() float64 { return 6.5 * (1 + g.Loss/2) }

// planCrashes is how many crashes a trial has, one after the other, if there are members enough.
const planCrashes = 6

// Try measures a candidate. The error is that of [Scenario.Run].
func (c Candidate) Try(progress func(done, of time.Duration)) (Trial, error) {
	g := c.goal
	s, err := NewScenario(c.Members, g.Seed, c.Settings)
	if err != nil {
		return Trial{}, err
	}
	s.Network.Loss, s.Network.Latency, s.Progress = g.Loss, g.Latency, progress
	crashes := min(planCrashes, max(1, c.Members/4))
	gap := 5*c.Interval + c.Interval*3/10 // so that the crashes fall into different parts of an interval
	for i := range crashes {
		s.Faults = append(s.Faults, Fault{Kind: Crash, At: time.Duration(i) * gap, Members: []int{i + 1}})
	}
	s.For = time.Duration(crashes)*gap + time.Duration(6*g.intervalsToDetect()*float64(c.Interval))
	rep, err := s.Run()
	if err != nil {
		return Trial{}, err
	}
	return c.judge(rep), nil
}

// judge compares a report with the goal.
func (c Candidate) judge(rep Report) Trial {
	d, g := rep.Detection, c.goal
	return Trial{
		Candidate: c, Report: rep, Hours: float64(c.Members) * rep.VirtualSeconds / 3600,
		TooSlow:  d.P99 == nil || *d.P99 > g.DetectWithin.Seconds() || d.Missed > 0,
		TooDear:  g.Budget > 0 && rep.BytesPerMemberPerSecond > g.Budget,
		Mistaken: rep.FalseDead > 0,
	}
}

// Best returns the number of the cheapest trial that fits; of two that cost the same, the quicker. It is -1 when none
// fits.
func Best(trials []Trial) int {
	best := -1
	for i, t := range trials {
		if t.Fits() && (best < 0 || t.Report.cheaper(trials[best].Report)) {
			best = i
		}
	}
	return best
}

func (r Report) cheaper(than Report) bool {
	a, b := r.BytesPerMemberPerSecond, than.BytesPerMemberPerSecond
	return a < b || a == b && *r.Detection.P99 < *than.Detection.P99
}
