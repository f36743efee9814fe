package phi

import "math"

// Normal returns the family of the normal distribution, the one of the original paper [Hayashibara 2004, section
// 4.3]. It fits waits whose differences come from many small delays, such as direct heartbeats over a network that
// loses nothing. With relayed heartbeats and loss it is far too suspicious, see the package's comment.
//
// Phi is exact: 0.30103 at the mean, 6.5426 at mean + 5·sd, 23.118 at mean + 10·sd, to ten digits wherever it is
// above 1e-300, and finite where erfc underflows (38.5 sd). Wait takes at most seven steps of Newton's method.
func Normal() Family { return normal{} }

type normal struct{}

func (normal) Name() string { return "normal" }

func (normal) Phi(wait float64, s Summary) float64 {
	if math.IsInf(wait, 1) {
		return wait
	}
	s = s.usable()
	x := (finite(wait) - s.Mean) / s.StdDev
	if x > 0 {
		return finite(upperTail(x) / math.Ln10)
	}
	return finite(-math.Log1p(-math.Erfc(-x/math.Sqrt2)/2) / math.Ln10) // P(X > wait) = 1 − Q(−x)
}

func (normal) Wait(phi float64, s Summary) float64 {
	switch {
	case phi <= 0:
		return 0
	case !(phi <= math.MaxFloat64):
		return math.Inf(1)
	}
	s = s.usable()
	x := 0.0
	if phi >= math.Log10(2) {
		x = upperPoint(phi * math.Ln10)
	} else { // below the mean: P(X < wait) = 1 − 10^−phi is the upper tail of −x
		x = -upperPoint(-math.Log(-math.Expm1(-phi * math.Ln10)))
	}
	return finite(s.Mean + x*s.StdDev)
}

// erfcLimit is where upperTail changes from erfc to the continued fraction, in standard deviations. At 20 erfc is
// still far from its underflow, and eight levels of the fraction are exact to 1e-18.
const erfcLimit = 20

// upperTail returns −ln Q(x), where Q(x) = P(Z > x) of the standard normal distribution, for x ≥ 0.
func upperTail(x float64) float64 {
	if x < erfcLimit {
		return -math.Log(math.Erfc(x/math.Sqrt2) / 2)
	}
	return x*x/2 + math.Log(math.Sqrt2*math.SqrtPi) - math.Log(mills(x)) // Q(x) = mills(x)·exp(−x²/2)/√(2π)
}

// mills returns the ratio Q(x)·√(2π)·exp(x²/2) of Mills, for x ≥ erfcLimit, by Laplace's continued fraction
// 1/(x+1/(x+2/(x+3/(x+…)))) [Abramowitz and Stegun, 26.2.14].
func mills(x float64) float64 {
	t := x
	for k := 8.0; k > 0; k-- {
		t = x + k/t
	}
	return 1 / t
}

// hazard returns the slope of upperTail: the density at x divided by Q(x), for x ≥ 0.
func hazard(x float64) float64 {
	if x < erfcLimit {
		return math.Exp(-x*x/2) / (math.Sqrt2 * math.SqrtPi) / (math.Erfc(x/math.Sqrt2) / 2)
	}
	return 1 / mills(x)
}

// upperPoint returns the x ≥ 0 at which upperTail is level, for level ≥ ln 2.
//
// upperTail is convex, and Q(x) ≤ exp(−x²/2)/2 puts the start at or above the answer: from there Newton's method
// comes down to it without overshooting, so the first step that does not go down is rounding.
func upperPoint(level float64) float64 {
	level = min(level, math.MaxFloat64/4) // so that 2·level and x² are finite
	x := math.Sqrt(max(0, 2*(level-math.Ln2)))
	for range 64 { // a bound that is never met; seven are the most for any level from ln 2 to 1e12
		step := (upperTail(x) - level) / hazard(x)
		if step <= 1e-15*x {
			break
		}
		x -= step
	}
	return max(0, x)
}
