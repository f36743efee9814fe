package phi

import "math"

// curve is Φ over waits, fitted to what a histogram holds: straight lines between points of the body, and beyond
// the wait from, which one wait in 10^level exceeds, a tail of two parameters [Weibull 1951],
//
//	decades(w) = ((w − from)/width)^shape
//
// whose shape is 1 for an exponential tail and 2 for one like the normal's; it is fitted by the mean and the standard
// deviation of what exceeds from. What is fitted to few waits is not known well, and a detector that took it for true
// would be too bold. So Φ is that of the predictive distribution, in which doubt thickens the tail:
//
//	Φ(w) = level + doubt·log10(1 + decades(w)·ln 10/doubt)
//
// For an exponential tail known from n waits it is exact with doubt = n; a second parameter and waits that come in
// bursts call for less, see doubtShare.
type curve struct {
	body               [points + 1]float64 // waits of Φ = 0, level/points, 2·level/points … level
	level              float64
	from, width, shape float64
	doubt              float64
}

const (
	points = 16

	// tailWaits is how far the body is read off: as long as so many independent waits exceed, see burstiness. The tail is fitted
	// to what exceeds; more than that at the highest level, fewer at the least.
	tailWaits          = 4.0
	minLevel, maxLevel = 0.5, 3.125

	// Where waits are independent, the body is read off further, as long as farWaits of them exceed. Without loss the tail
	// bends down late, which what is fitted before the bend cannot know: it was six times too patient at Φ 5. Under loss
	// waits come in bursts, and a body read off as far by few independent ones was 3.6 times too bold. By 24 waits the first
	// stays five times too patient, by 12 the second is nearly 3 times too bold.
	farWaits = 16.0
	farLevel = 3.5

	doubtShare           = 0.25
	minDoubt, firstDoubt = 8.0, 24.0

	// shapeDoubt is how many waits the guess that the tail is exponential counts as.
	shapeDoubt         = 100.0
	minShape, maxShape = 0.5, 3.0

	// minExcess is the least mean of the excess, in units: what timers and scheduling make it if gossip does not.
	minExcess = 0.05
)

// guess is the prior's and the moments' view of the waits: logistic, which is the shape of an epidemic.
type guess struct{ mean, scale float64 }

// above returns how many of the prior's waits exceed w. Those of a logistic tail do so by scale, on average.
func (g guess) above(w float64) float64 {
	return priorWeight / (1 + math.Exp((w-g.mean)/g.scale))
}

// fit fits the curve to n waits of a histogram, of which a share counts as independent, and whose summary is s.
func (c *curve) fit(h *histogram, n, independent float64, s Summary) {
	g := guess{mean: s.Mean, scale: max(s.StdDev, minExcess) * logisticScale}
	n += priorWeight
	c.level = level(n * independent)
	var above [bins]float64 // waits from the beginning of each bin on
	h.sum(&above)
	c.fitExcess(c.fitTail(h, &above, g, n*math.Pow(10, -c.level)), independent)
	c.fitBody(&above, g, n)
}

// level returns the Φ up to which the body is read off so many independent waits.
func level(waits float64) float64 {
	near := min(max(math.Log10(waits/tailWaits), minLevel), maxLevel)
	return max(near, min(math.Log10(waits/farWaits), farLevel))
}

// excess are waits beyond one wait: their number, the sum of how far, and that of its squares.
type excess struct{ n, sum, squares float64 }

// fitTail finds the wait that so many of histogram and guess together exceed, and returns by how much they do.
func (c *curve) fitTail(h *histogram, above *[bins]float64, g guess, wanted float64) excess {
	i := 0
	for high := bins; high-i > 1; { // the bin is in [i, high), and most are empty
		if mid := (i + high) / 2; above[mid]+g.above(edge(mid)) >= wanted {
			i = mid
		} else {
			high = mid
		}
	}
	var beyond Moments // waits in the bins above i
	for k := bins - 1; k > i; k-- {
		if n := float64(h[k]); n > 0 {
			x := (edge(k) + edge(k+1)) / 2
			beyond = beyond.Plus(Moments{N: n, Sum: n * x, SumSq: n * x * x})
		}
	}
	c.from = cross(edge(i), edge(i+1), float64(h[i]), beyond.N, g, wanted)
	if n := float64(h[i]) * (edge(i+1) - c.from) / (edge(i+1) - edge(i)); n > 0 {
		x := (c.from + edge(i+1)) / 2
		beyond = beyond.Plus(Moments{N: n, Sum: n * x, SumSq: n * x * x})
	}
	e := excess{n: beyond.N, sum: beyond.Sum - beyond.N*c.from,
		squares: beyond.SumSq - 2*c.from*beyond.Sum + beyond.N*c.from*c.from}
	p := g.above(c.from)
	return excess{n: e.n + p, sum: e.sum + p*g.scale, squares: e.squares + 2*p*g.scale*g.scale}
}

// cross returns the wait within a bin that as many as wanted exceed.
func cross(low, high, inBin, above float64, g guess, wanted float64) float64 {
	from, to := low, high
	for range 20 {
		mid := (from + to) / 2
		if above+inBin*(high-mid)/(high-low)+g.above(mid) >= wanted {
			from = mid
		} else {
			to = mid
		}
	}
	return from
}

// fitExcess takes the parameters of the tail from the moments of the excess. Independent is the share of the waits that are
// independent, see burstiness.
func (c *curve) fitExcess(e excess, independent float64) {
	mean := max(e.sum/e.n, minExcess)
	sd := math.Sqrt(max(e.squares/e.n-mean*mean, 0))
	shape := math.Pow(max(sd/mean, 0.1), -1.086) // to 2 % for shapes of 0.7 to 5 [Justus et al. 1978]
	shape = 1 + (min(shape, maxShape)-1)*e.n*independent/(e.n*independent+shapeDoubt)
	c.shape = max(shape, minShape)
	c.width = mean / math.Gamma(1+1/c.shape) * math.Pow(math.Ln10, 1/c.shape)
	c.doubt = max(e.n*independent*doubtShare, minDoubt+(firstDoubt-minDoubt)*independent)
}

// fitBody reads the points of the body off the sums of the histogram.
func (c *curve) fitBody(sums *[bins]float64, g guess, n float64) {
	c.body[points] = c.from
	j := points
	step := math.Pow(10, c.level/points)
	wanted := n * math.Pow(10, -c.level) * step
	most, until := float64(priorWeight), bins // of the prior's waits exceed the beginning of any bin from until on
	for i := min(binOf(min(c.from*2, maxWait)), bins-2); i >= 0 && j > 1; i-- {
		above := sums[i]
		if above+priorWeight < wanted {
			continue
		}
		if i < until { // an exponential for each bin would take longer than all else
			until = max(i-8, 0)
			most = g.above(edge(until)) * (1 + 1e-9)
		}
		if above+most < wanted {
			continue
		}
		low, high := edge(i), edge(i+1)
		begin, end := above+g.above(low), sums[i+1]+g.above(high)
		for ; j > 1 && begin >= wanted; wanted *= step {
			j--
			c.body[j] = min(low+(high-low)*min((begin-wanted)/(begin-end), 1), c.from)
		}
	}
	for ; j > 0; j-- {
		c.body[j-1] = 0
	}
}

// phi returns Φ of a wait ≥ 0.
func (c *curve) phi(wait float64) float64 {
	if wait >= c.from {
		decades := power((wait-c.from)/c.width, c.shape)
		return c.level + c.doubt*math.Log(1+decades*(math.Ln10/c.doubt))/math.Ln10
	}
	i := 0
	for _, from := range c.body[1:points] { // without a branch for each, whose outcome nobody can foretell
		if from <= wait {
			i++
		}
	}
	low, high := c.body[i], c.body[i+1]
	return c.level / points * (float64(i) + (wait-low)/(high-low))
}

// wait returns the wait that has the given Φ > 0.
func (c *curve) wait(phi float64) float64 {
	if phi >= c.level {
		decades := (math.Exp((phi-c.level)/c.doubt*math.Ln10) - 1) * (c.doubt / math.Ln10)
		return c.from + c.width*power(decades, 1/c.shape)
	}
	i := int(phi / c.level * points)
	i = min(i, points-1)
	return c.body[i] + (c.body[i+1]-c.body[i])*(phi/c.level*points-float64(i))
}

// power returns x to the y for x ≥ 0 and y > 0, in a third of the time that math.Pow takes to be exact in the last digit.
func power(x, y float64) float64 { return math.Exp(y * math.Log(x)) }
