package phi

// Window holds the last 40 waits of one member, and their exact moments at any time. The zero value is empty and
// ready to use. It takes 184 bytes and never allocates (R7: bounded memory, ≤ 256 bytes a member).
//
// Waits are kept as whole ticks of 1/1024 of the caller's unit, so that adding a new wait and taking an old one away
// leaves no rounding behind, however long the window lives. One tick is less than 1/400 of the standard deviation of
// relayed heartbeats (0.42 to 1.46 intervals, see the package's comment).
type Window struct {
	sumSq uint64             // of the squares of ticks, in ticks²
	sum   uint64             // of ticks
	ticks [windowSize]uint32 // a ring; the first n are in use
	n     uint8              // waits held
	next  uint8              // where the next wait goes: the oldest when the ring is full
}

const (
	// windowSize is how many waits a Window holds: 40 know the mean to sd/6 and sd to a seventh of itself (the
	// standard errors sd/√n and sd·√(3.2/4n) of a logistic distribution), and span some 50 intervals where news
	// comes every 1.2. A prior or a Pool sharpens them.
	windowSize = 40

	// ticksPerUnit is the resolution: ticks in one unit of the caller's waits.
	ticksPerUnit = 1 << 10

	// maxWait is where waits saturate, in units of the caller: six days of one-second intervals. It keeps
	// windowSize·(maxWait·ticksPerUnit)² = 1.2e19 below the 1.8e19 of a uint64.
	maxWait = 1 << 19
)

// clampWait returns the wait as Window and Pool count it: 0 if negative or NaN, at most maxWait.
func clampWait(wait float64) float64 { return min(finite(wait), maxWait) }

// Add puts a wait into the window, in the place of the oldest if the window is full. The wait is rounded to the
// nearest 1/1024; a negative or NaN wait counts as 0, one above 524,288 as that.
func (w *Window) Add(wait float64) {
	t := uint32(clampWait(wait)*ticksPerUnit + 0.5)
	old := uint64(w.ticks[w.next]) // 0 until the ring is full
	w.ticks[w.next] = t
	w.sum += uint64(t) - old
	w.sumSq += uint64(t)*uint64(t) - old*old
	w.n = min(w.n+1, windowSize)
	w.next = (w.next + 1) % windowSize
}

// Len returns how many waits the window holds, 0 to 40.
func (w *Window) Len() int { return int(w.n) }

// Moments returns the moments of the waits that the window holds, in the caller's unit.
func (w *Window) Moments() Moments {
	return Moments{
		N:     float64(w.n),
		Sum:   float64(w.sum) / ticksPerUnit,
		SumSq: float64(w.sumSq) / (ticksPerUnit * ticksPerUnit),
	}
}

// Reset forgets all waits.
func (w *Window) Reset() { *w = Window{} }
