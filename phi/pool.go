package phi

// Pool holds the moments of the waits of many members together, with old ones fading. The zero value is empty and
// ready to use.
//
// Gossip treats all subjects alike, so from one observer's place their waits (in intervals of each subject) have one
// distribution, and the pool knows within seconds what the window of one member would know after minutes. It also
// follows what befalls all at once, such as a network that begins to lose packets.
type Pool struct{ m Moments }

// poolSize is the number of waits at which a Pool halves what it holds: it follows the last 2048 to 4096, with those
// before at half weight, quarter weight and so on. 2048 waits know the mean to 1/45 of sd; where news of each member
// comes every 1.2 intervals, 1000 members give them in 2.5 intervals, 10 members in 270.
const poolSize = 4096

// Add puts a wait into the pool. A negative or NaN wait counts as 0, one above 524,288 as that, as in [Window.Add];
// it is not rounded.
func (p *Pool) Add(wait float64) {
	wait = clampWait(wait)
	p.m = p.m.Plus(Moments{N: 1, Sum: wait, SumSq: wait * wait})
	if p.m.N >= poolSize {
		p.m = Moments{N: p.m.N / 2, Sum: p.m.Sum / 2, SumSq: p.m.SumSq / 2}
	}
}

// Moments returns the moments of the waits that the pool holds, by weight, in the caller's unit. N is at most 4095.
func (p *Pool) Moments() Moments { return p.m }
