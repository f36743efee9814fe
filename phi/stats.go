package phi

import "math"

// MemberStats are in which way one member's waits differ from those of all, in 12 bytes. The zero value is that of a member
// of which nothing is known. Nothing allocates.
//
// A member is judged as all are until its waits are longer beyond chance: 40 waits of its own tell far less of its tail
// than the model of all does, and an observer that believed them would be too bold about a few members at any time.
type MemberStats struct {
	mean     float32 // of the last waits, fading
	variance float32
	n        uint8 // waits seen, up to statsMemory
}

const (
	statsMemory  = 32  // waits; the mean of the last is known as that of 63 of equal weight
	beyondChance = 5.0 // standard errors that are beyond chance
	leastWaits   = 4   // waits
)

// Add counts a wait of the member, as [Model.Add] does.
func (p *MemberStats) Add(wait float64) {
	wait = clampWait(wait)
	p.n = min(p.n+1, statsMemory)
	gain := gains[p.n]
	off := wait - float64(p.mean)
	p.mean += float32(gain * off)
	p.variance += float32(gain * ((1-gain)*off*off - float64(p.variance)))
}

// gains are how much a wait counts by how many were seen with it: one part of so many. Number 0 is of none.
var gains = func() (g [statsMemory + 1]float64) {
	for n := 1; n <= statsMemory; n++ {
		g[n] = 1 / float64(n)
	}
	return g
}()

// Len returns the number of waits seen, 32 at most.
func (p *MemberStats) Len() int { return int(p.n) }

// delay is how much longer the waits of one member are than those of all: by shift each, and by an exponential part
// of mean spread. A member that loses most of its packets has the latter: each interval its news gets out or not.
type delay struct{ shift, spread float64 }

// delay is zero unless the member is slower beyond chance.
func (p *MemberStats) delay(m *Model) delay {
	if p.n < leastWaits {
		return delay{}
	}
	all := m.whole
	more := float64(p.mean) - all.Mean
	if more <= 0 {
		return delay{}
	}
	samples := float64(p.n)
	if p.n >= statsMemory {
		samples = 2*statsMemory - 1
	}
	sd := max(all.StdDev, minExcess)
	if more*more*samples <= beyondChance*beyondChance*sd*sd {
		return delay{}
	}
	// What variance the member has on top of that of all is the exponential part's; its estimate is raised by a
	// standard error, √(8/n), that of an exponential variance.
	extra := float64(p.variance)*(1+math.Sqrt(8/samples)) - sd*sd
	spread := min(math.Sqrt(max(extra, 0)), more)
	return delay{shift: more - spread, spread: spread}
}

// tail returns where the tail of a slower member's waits starts, beyond shift, and its mean: that of the sum of a wait
// of s and an exponential one of mean d. The density of such a sum falls by 1/d for each unit, from where the first
// terms of the other's cumulants put it: s.Mean + s.StdDev²/2d. This holds for d ≥ s.StdDev; a lesser one is raised to
// it, which is patient.
func (d delay) tail(s Summary) (start, mean float64) {
	sd := max(s.StdDev, minExcess)
	mean = max(d.spread, sd)
	return s.Mean + sd*sd/(2*mean), mean
}

// added returns the summary of waits that are longer by d than those of s.
func (d delay) added(s Summary) Summary {
	if d == (delay{}) {
		return s
	}
	return Summary{Mean: s.Mean + d.shift + d.spread, StdDev: math.Hypot(s.StdDev, d.spread)}
}

// Slower returns by how many units the member's waits are longer than those of all, on average: exactly 0 unless they
// are beyond chance.
func (p *MemberStats) Slower(m *Model) float64 {
	d := p.delay(m)
	return d.shift + d.spread
}
