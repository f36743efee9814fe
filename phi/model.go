package phi

import "math"

// Model is what one observer has learned of the waits of all members together, in intervals of each. Gossip treats
// all subjects alike, so from one observer's place their waits have one distribution; the model knows within seconds
// what the waits of one member would show after many minutes. [MemberStats] say in which way a member is different.
//
// It takes about 3.5 KB, never allocates after [NewModel], and is a function of what was put in. It is not safe for
// concurrent use.
type Model struct {
	family     Family // nil: the curve
	counts     histogram
	total      Moments // of the waits counted
	prior      Summary
	members    float64 // members that the prior is for
	full       float64 // waits at which what it holds is halved
	fresh      int     // waits since the curve was fitted
	stale      int     // at how many of them the next fit is considered
	surprised  bool    // one of the tail was among them
	generation uint64  // how often it was
	alarm      float64 // see watch
	calm       float64 // waits below do not raise it
	burstiness burstiness
	curve      curve
	whole      Summary // of waits and prior when the curve was fitted
}

const (
	// A Model halves what it holds at so many waits, and at so many of each member: the last half to whole of them
	// count, those before half as much, and so on. It takes 65,536 to see the waits of 1 in 1000 a few dozen times;
	// 10 members give them in some 10,000 intervals. Waits of one interval are not independent, so that thousands of
	// members need some hundred intervals too; with more than that the model would be late to see that waits became
	// shorter. See watch for what becomes of longer ones.
	memory, memoryEach = 1 << 16, 64

	// priorWeight is how many waits the prior counts as.
	priorWeight = 32
)

// NewModel returns a model that knows nothing but that waits are about one unit; see [Model.SetPrior].
func NewModel(d Detector) *Model {
	m := &Model{family: d.family}
	m.SetPrior(Summary{Mean: 1, StdDev: 1}, 1)
	return m
}

// SetPrior says what to expect of the waits before any were seen, and of how many members they will come. It counts
// as 32 waits, for ever, and may be set again when more is known.
func (m *Model) SetPrior(s Summary, members int) {
	n := max(float64(members), 1)
	if s == m.prior && n == m.members {
		return
	}
	m.prior, m.members, m.full = s, n, max(memory, memoryEach*n)
	m.refit()
}

// Seen returns the number of waits that the model holds; old ones count for less than 1.
func (m *Model) Seen() float64 { return m.total.N }

// Generation returns how often the curve was fitted, ≥ 1. As long as it stays the same, so do the results of Phi and Wait for a
// member that is not slower than the others.
func (m *Model) Generation() uint64 { return m.generation }

// UntilRefit returns after how many more waits the curve may be fitted anew, ≥ 1.
func (m *Model) UntilRefit() int { return m.stale - m.fresh }

// Summary returns the mean and the standard deviation of waits and prior, as of the last fit of the curve.
func (m *Model) Summary() Summary { return m.whole }

// Add counts a wait. A negative or NaN wait counts as 0, one above 1024 as that.
func (m *Model) Add(wait float64) {
	wait = clampWait(wait)
	if m.alarm != 0 || wait >= m.calm { // else, as most, the alarm would stay
		m.watch(wait)
	}
	m.burstiness.add(wait >= m.curve.from, m.members)
	m.counts[binOf(wait)]++
	m.total.N++
	m.total.Sum += wait
	m.total.SumSq += wait * wait
	if m.total.N >= m.full {
		m.fade(0.5)
		m.burstiness.fade(burstFade)
	}
	if m.fresh++; m.fresh >= m.stale {
		m.refitIfDue()
	}
}

// The curve is fitted anew when a sixteenth of the waits is new. Where that would be more than 512, it is after 512 if a wait of the
// tail is among them, otherwise after 2048: waits of the tail come in bursts, and the first of a burst announce those that the
// next messages end. Fitted always after 2048, 4.5 in 10⁵ waits passed Φ 5 where 2.5 do, at 30 % loss and fanout 3.
const often, seldom = 512, 2048

// refitIfDue fits the curve anew, unless that can wait.
func (m *Model) refitIfDue() {
	if m.stale < often || m.surprised || m.fresh >= seldom {
		m.refit()
	} else {
		m.stale += often
	}
}

func (m *Model) fade(share float64) {
	m.counts.scale(share)
	m.burstiness.fade(float32(share))
	m.total = Moments{N: m.total.N * share, Sum: m.total.Sum * share, SumSq: m.total.SumSq * share}
}

// watch notices that waits have become longer for all, as when a network begins to lose packets, by a cumulative sum
// [Page, "Continuous inspection schemes", 1954] of the Φ that waits had reached: while the model is right, those have
// the mean log10 e. Then the past fades at once, and what comes next counts soon. Waits are not independent: an
// observer that nobody reaches for a round waits for all members at a time. So the alarm takes more than the members
// add in such a round, and the model keeps some twenty rounds of the past.
func (m *Model) watch(wait float64) {
	m.surprised = m.surprised || wait >= m.curve.from
	m.alarm = max(0, m.alarm+min(m.curve.phi(wait), 3)-math.Log10E-slack)
	if m.alarm < 12+2*m.members {
		return
	}
	m.alarm = 0
	if keep := max(64, 16*m.members); m.total.N > keep {
		m.fade(keep / m.total.N)
		m.refit()
	}
}

// slack is how much more than the mean the Φ of a wait has to be to raise the alarm.
const slack = 0.35

// refit fits the curve to what the model holds.
func (m *Model) refit() {
	m.surprised = false
	m.fresh, m.stale = 0, int(min(often, max(math.Ceil(m.total.N/15), 1)))
	m.generation++
	m.whole = m.total.Plus(m.prior.Weighted(priorWeight)).Summary()
	m.curve.fit(&m.counts, m.total.N, m.burstiness.independence(), m.whole)
	m.calm = m.curve.wait(math.Log10E+slack) * (1 - 1e-9) // on the safe side, whatever the rounding
}

// Phi returns the suspicion that a wait of a member with these statistics gives, ≥ 0: finite for every finite wait, and never
// falling as the wait grows. An infinite wait gives +Inf.
func (m *Model) Phi(wait float64, p *MemberStats) float64 {
	if math.IsInf(wait, 1) {
		return wait
	}
	wait = finite(wait)
	d := p.delay(m)
	if m.family != nil {
		return m.family.Phi(wait, d.added(m.whole))
	}
	wait = max(0, wait-d.shift)
	phi := m.curve.phi(wait)
	if d != (delay{}) {
		start, mean := d.tail(m.whole)
		phi = min(phi, max(0, wait-start)/(mean*math.Ln10))
	}
	return finite(phi)
}

// Wait returns the wait at which the suspicion of a member with these statistics reaches phi: the inverse of Phi, the time-out.
// It is 0 when phi is not above 0. +Inf and NaN, which nothing reaches, give +Inf.
func (m *Model) Wait(phi float64, p *MemberStats) float64 {
	switch {
	case phi <= 0:
		return 0
	case !(phi <= math.MaxFloat64):
		return math.Inf(1)
	}
	d := p.delay(m)
	if m.family != nil {
		return m.family.Wait(phi, d.added(m.whole))
	}
	wait := m.curve.wait(phi)
	if d != (delay{}) {
		start, mean := d.tail(m.whole)
		wait = max(wait, start+phi*mean*math.Ln10)
	}
	return finite(wait + d.shift)
}
