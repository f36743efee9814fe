package detectors

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"heartsay/phi"
)

// heardBeats are what one observer hears of one subject that lives: when which heartbeat arrives. Heartbeat h is sent at
// h intervals; times are in intervals. The arrivals are in order, and only those that are newer than all before.
type heardBeats []struct {
	at   float64
	beat int
}

// An estimator says after each arrival by when it expects the next, so that its mistakes, and how soon it would notice
// a crash, can be told. Its parameter is what an operator would turn.
type estimator interface {
	arrive(at float64, beat int)
	deadline(parameter float64) float64 // of the next arrival; at least the last arrival
}

// fixed expects the next arrival within a time of the last one.
type fixed struct{ last float64 }

func (f *fixed) arrive(at float64, _ int)           { f.last = at }
func (f *fixed) deadline(parameter float64) float64 { return f.last + parameter }

// fittedGaps is the accrual detector of Hayashibara, or with an exponential distribution that of Cassandra: a window
// of the last 1000 gaps, whose mean and deviation give the distribution.
type fittedGaps struct {
	family      phi.Family
	last        float64
	started     bool
	window      [1000]float64
	n, next     int
	sum, square float64
}

func (g *fittedGaps) arrive(at float64, _ int) {
	if g.started {
		gap, old := at-g.last, g.window[g.next]
		g.window[g.next] = gap
		g.next = (g.next + 1) % len(g.window)
		g.n = min(g.n+1, len(g.window))
		g.sum += gap - old
		g.square += gap*gap - old*old
	}
	g.last, g.started = at, true
}

func (g *fittedGaps) deadline(parameter float64) float64 {
	s := phi.Moments{N: float64(g.n), Sum: g.sum, SumSq: g.square}.Summary()
	return g.last + g.family.Wait(parameter, s)
}

// chen expects the next heartbeat at the mean arrival of the last 1000 heartbeats, moved on to it, plus a margin
// [Chen, Toueg, Aguilera 2002, NFD-E].
type chen struct {
	window  [1000]float64 // arrival − beat
	n, next int
	sum     float64
	last    float64
	beat    int
}

func (c *chen) arrive(at float64, beat int) {
	offset := at - float64(beat)
	c.sum += offset - c.window[c.next]
	c.window[c.next] = offset
	c.next = (c.next + 1) % len(c.window)
	c.n = min(c.n+1, len(c.window))
	c.last, c.beat = at, beat
}

func (c *chen) deadline(parameter float64) float64 {
	return max(c.last, c.sum/float64(max(c.n, 1))+float64(c.beat+1)+parameter)
}

// ages is the default: the age of the newest heartbeat, by the origin of the fastest of the last 128, judged by a
// model of what ages were.
type ages struct {
	model             *phi.Model
	current, previous float64
	arrivals, beat    int
	last              float64
	pace              phi.MemberStats
}

func newAges(m *phi.Model) *ages {
	return &ages{model: m, current: math.Inf(1), previous: math.Inf(1)}
}

func (a *ages) origin() float64 { return min(a.current, a.previous) }

func (a *ages) arrive(at float64, beat int) {
	before := a.beat
	offset := at - float64(beat)
	a.current = min(a.current, offset)
	if a.arrivals++; a.arrivals%64 == 0 {
		a.previous, a.current = a.current, offset
	}
	if before > 0 {
		wait := at - a.origin() - float64(before)
		a.pace.Add(wait)
		a.model.Add(wait)
	}
	a.beat, a.last = beat, at
}

func (a *ages) deadline(parameter float64) float64 {
	return max(a.last, a.origin()+float64(a.beat)+a.model.Wait(parameter, &a.pace))
}

// quality is what Chen, Toueg and Aguilera measure, in intervals.
type quality struct {
	Parameter    float64
	Detection    float64 // mean time from a crash just after a heartbeat was sent until it is noticed, plus its way
	MistakeRate  float64 // mistakes per interval
	QueryCorrect float64 // share of the time in which the subject is trusted, as it should be
}

// weigh runs estimators over what one observer heard of each subject, in the order in which it did, and takes the mean of
// their quality for each parameter. The first warm arrivals of a subject only teach.
func weigh(heard []heardBeats, of []estimator, parameters []float64, warm int) []quality {
	all := make([]quality, len(parameters))
	watched := make([]watch, len(heard))
	for s := range heard {
		watched[s] = watch{quality: make([]quality, len(parameters)), due: make([]float64, len(parameters))}
	}
	for _, s := range inOrder(heard) {
		w := &watched[s]
		w.arrive(heard[s][w.next].at, heard[s][w.next].beat, of[s], parameters, warm)
	}
	for s, w := range watched {
		time, n := heard[s][w.next-1].at-heard[s][warm].at, float64(w.next-warm)
		for i, q := range w.quality {
			all[i].Parameter = parameters[i]
			all[i].Detection += q.Detection / n / float64(len(heard))
			all[i].MistakeRate += q.MistakeRate / time / float64(len(heard))
			all[i].QueryCorrect += (1 + q.QueryCorrect/time) / float64(len(heard))
		}
	}
	return all
}

// inOrder returns whose turn it is: the subjects in the order of all arrivals.
func inOrder(heard []heardBeats) (subjects []int) {
	type arrival struct {
		at      float64
		subject int
	}
	var all []arrival
	for s, beats := range heard {
		for _, b := range beats {
			all = append(all, arrival{b.at, s})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	for _, a := range all {
		subjects = append(subjects, a.subject)
	}
	return subjects
}

// watch sums up what an estimator makes of one subject. Until they are divided, Detection and MistakeRate are sums over the
// arrivals, and QueryCorrect is minus the time in which it was wrong.
type watch struct {
	quality []quality
	due     []float64
	next    int // arrival
}

func (w *watch) arrive(at float64, beat int, e estimator, parameters []float64, warm int) {
	for i := range w.due {
		if late := at - w.due[i]; w.next > warm && late > 0 {
			w.quality[i].MistakeRate++
			w.quality[i].QueryCorrect -= late
		}
	}
	e.arrive(at, beat)
	w.next++
	if w.next <= warm {
		return
	}
	for i, p := range parameters {
		w.due[i] = e.deadline(p)
		w.quality[i].Detection += w.due[i] - float64(beat)
	}
}

// hayashibara is a stream in the likeness of the week that he measured between Lausanne and Ishikawa: 100 ms between
// heartbeats, a steady way with some jitter, 5 in 1000 much later than the rest, 0.5 % lost: half of the losses' bursts are
// of one heartbeat, lengths fall as the inverse square, one in 40 is up to 1093 longer. Told in intervals.
func hayashibara(rng *rand.Rand, n int) (s heardBeats) {
	const (
		way      = 1.4  // 141 ms from end to end
		bursts   = 2e-4 // share of heartbeats at which one begins; some 25 are lost in each, on average
		longest  = 1093
		pathWide = 0.003
	)
	last := 0.0
	for h := 1; h <= n; h++ {
		if rng.Float64() < bursts { // lengths ∝ 1/l² up to the longest
			u := rng.Float64()
			h += int(1 / (1 - u*(1-1.0/longest)))
			if rng.IntN(40) == 0 {
				h += rng.IntN(longest)
			}
		}
		delay := way + pathWide*math.Abs(rng.NormFloat64())
		if rng.Float64() < 5e-3 {
			delay += 0.03 * rng.ExpFloat64()
		}
		at := max(last, float64(h)+delay)
		s = append(s, struct {
			at   float64
			beat int
		}{at, h})
		last = at
	}
	return s
}
