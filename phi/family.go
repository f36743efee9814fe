package phi

import "math"

// Family is a shape of distribution. With the mean and the standard deviation of a [Summary] it says how unusual a
// wait is. Waits and Summary have one unit, the caller's; Φ is dimensionless.
//
// Every family of this package is finite and never NaN for every input but an infinite one, and takes what makes no
// sense for the nearest that does:
//   - a negative or NaN wait is 0, as in [Model.Add];
//   - a negative or NaN mean is 0, an infinite one the largest finite number; the same for the standard deviation;
//   - a standard deviation (for [Exponential]: a mean) below 1e-6·(mean+1) is raised to that, so that waits that never vary make the next longer one very suspicious, not infinitely;
//   - a result too large for a float64 is the largest finite number.
//
// So the zero Summary, which knows nothing, suspects every wait: give it a prior first, see [Summary.Weighted].
type Family interface {
	// Name returns the word by which [ByName] finds the detector of this family.
	Name() string

	// Phi returns −log10 P(X > wait), ≥ 0. It never falls as wait grows, but for rounding in the last digits. An
	// infinite wait gives +Inf.
	Phi(wait float64, s Summary) float64

	// Wait returns the shortest wait at which Phi reaches phi: the time-out, ≥ 0. It is 0 when phi is at most
	// Phi(0, s), and else the inverse of Phi to 1e-9 of its value. +Inf, and NaN, which nothing reaches, give +Inf.
	Wait(phi float64, s Summary) float64
}

// families are all there are.
var families = []Family{Exponential(), Logistic(), Normal()}

// spreadFloor returns the least spread that a distribution with this mean is taken to have, in the unit of the mean.
// Far below it, (wait−mean)/spread would lose the digits that Wait promises.
func spreadFloor(mean float64) float64 { return 1e-6 * (mean + 1) }

// usable returns s with finite values, 0 ≤ Mean and spreadFloor(Mean) ≤ StdDev.
func (s Summary) usable() Summary {
	m := finite(s.Mean)
	return Summary{Mean: m, StdDev: max(finite(s.StdDev), spreadFloor(m))}
}

// finite returns x, 0 for a negative x or NaN, and the largest finite number for +Inf.
func finite(x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return min(x, math.MaxFloat64)
}
