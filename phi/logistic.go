package phi

import "math"

// Logistic returns the family of the logistic distribution:
//
//	P(X > w) = 1/(1 + exp((w−mean)/scale)), scale = sd·√3/π
//
// It has the shape of an epidemic: the share of members that know a heartbeat grows along the logistic curve, so the
// age at which an observer hears of it is close to logistic, with an exponential tail. Measured against relayed
// counters it is never more than a factor of 3 too suspicious, down to waits of one in a million; the package's
// comment has the figures.
//
// It is a distribution of its own, fitted by its mean and standard deviation. It must not be confused with what Akka
// and Pekko call the logistic approximation: a formula for the normal distribution, with a cubic in the exponent,
// that is good to 1.4e-4 of probability and so means nothing in the tail (at mean + 5·sd: 7.30, normal 6.54, ours
// 3.94).
//
// Far above the mean Φ grows by 1 for every 1.269 sd. At wait 0 it is a little above 0, because the distribution
// has some of its mass below: 10^−Φ is at least 0.86 there if the mean is at least one sd.
func Logistic() Family { return logistic{} }

type logistic struct{}

func (logistic) Name() string { return "logistic" }

// logisticScale is √3/π: the standard deviation of the logistic distribution of scale 1 is π/√3.
const logisticScale = 0.5513288954217920495113264983129694413973864803666406

func (logistic) Phi(wait float64, s Summary) float64 {
	if math.IsInf(wait, 1) {
		return wait
	}
	s = s.usable()
	z := (finite(wait) - s.Mean) / (s.StdDev * logisticScale)
	return finite((max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))) / math.Ln10) // ln(1 + e^z)
}

func (logistic) Wait(phi float64, s Summary) float64 {
	switch {
	case phi <= 0:
		return 0
	case !(phi <= math.MaxFloat64):
		return math.Inf(1)
	}
	s = s.usable()
	return finite(s.Mean + logExpMinus1(phi*math.Ln10)*s.StdDev*logisticScale) // mean + scale·ln(10^phi − 1)
}

// logExpMinus1 returns ln(e^x − 1) for x > 0, without overflow for large x and without loss for small.
func logExpMinus1(x float64) float64 { return x + math.Log(-math.Expm1(-x)) }
