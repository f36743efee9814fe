package phi

import "math"

// Summary describes a distribution of waits by its mean and standard deviation, both ≥ 0 and in the unit of the
// waits (heartsay: intervals of the subject). The zero value describes nothing known.
type Summary struct{ Mean, StdDev float64 }

// Weighted returns the moments of n observations that have this mean and standard deviation: what to add to measured
// moments so that s counts as much as n of them. n need not be whole; if it is not above 0, the moments are zero.
func (s Summary) Weighted(n float64) Moments {
	if !(n > 0) {
		return Moments{}
	}
	return Moments{N: n, Sum: n * s.Mean, SumSq: n * (s.Mean*s.Mean + s.StdDev*s.StdDev)}
}

// Moments are the number of waits, their sum (in the unit of the waits) and the sum of their squares (in its
// square). The zero value stands for no waits. N need not be whole, see [Model] and [Summary.Weighted].
type Moments struct{ N, Sum, SumSq float64 }

// Plus returns the moments of the waits of m and o together.
func (m Moments) Plus(o Moments) Moments {
	return Moments{N: m.N + o.N, Sum: m.Sum + o.Sum, SumSq: m.SumSq + o.SumSq}
}

// Summary returns the mean and the standard deviation of the population (the divisor is N, not N−1). It is zero when
// N is not above 0, and never NaN or infinite. The standard deviation comes from a difference: below 1e-8 of the
// mean it is noise.
func (m Moments) Summary() Summary {
	if !(m.N > 0) {
		return Summary{}
	}
	mean := finite(m.Sum / m.N)
	variance := finite(m.SumSq/m.N - mean*mean) // finite: cancellation may leave it below 0
	return Summary{Mean: mean, StdDev: math.Sqrt(variance)}
}
