package phi

import "math"

// Exponential returns the family of the exponential distribution, P(X > w) = exp(−w/mean), which knows no standard
// deviation: Φ = wait/(mean·ln 10), and Φ = 8 is reached at 18.4 means. It is the model and the scale of Cassandra
// (CASSANDRA-2597); chitchat leaves ln 10 out, so that its 8 is 8 means and a Φ of 3.47 here.
//
// It is the most patient family. It knows that waits are exponential in the tail but not that they start out from
// the time that news needs at the least.
func Exponential() Family { return exponential{} }

type exponential struct{}

func (exponential) Name() string { return "exponential" }

func (exponential) Phi(wait float64, s Summary) float64 {
	if math.IsInf(wait, 1) {
		return wait
	}
	return finite(finite(wait) / exponentialMean(s) / math.Ln10)
}

func (exponential) Wait(phi float64, s Summary) float64 {
	switch {
	case phi <= 0:
		return 0
	case !(phi <= math.MaxFloat64):
		return math.Inf(1)
	}
	return finite(phi * exponentialMean(s) * math.Ln10)
}

// exponentialMean returns the mean of s, at least the floor of a spread: here the mean is the spread.
func exponentialMean(s Summary) float64 {
	m := s.usable().Mean
	return max(m, spreadFloor(m))
}
