package phi

import "math"

// histogram counts waits in bins whose width is a share of the wait: 64 bins an octave, from a quarter of a unit to
// 1024, so that a bin is 0.8 to 1.6 % wide whatever the interval and the fanout make of the waits. What is shorter
// or longer counts in the first or last bin. Counts fade, so they need not be whole. It takes 3 KB.
type histogram [bins]float32

const (
	bins         = 12 * binsInOctave
	binsInOctave = 1 << binBits
	binBits      = 6
	shortest     = 0.25 // units; all below is one bin
	mantissaBits = 52   // of a float64: its first binBits tell the place within the octave
)

var firstBin = math.Float64bits(shortest) >> (mantissaBits - binBits)

// maxWait is where waits saturate, in units.
const maxWait = 1 << 10

// clampWait returns the wait as it is counted: 0 if negative or NaN, at most maxWait.
func clampWait(wait float64) float64 {
	switch {
	case !(wait > 0):
		return 0
	case wait > maxWait:
		return maxWait
	}
	return wait
}

// binOf returns the bin of a wait that [clampWait] returned.
func binOf(wait float64) int {
	if wait < shortest {
		return 0
	}
	return min(int(math.Float64bits(wait)>>(mantissaBits-binBits)-firstBin)+1, bins-1)
}

// edge returns where bin i begins.
func edge(i int) float64 {
	if i == 0 {
		return 0
	}
	return math.Float64frombits((firstBin + uint64(i-1)) << (mantissaBits - binBits))
}

// scale multiplies all counts by a share below 1.
func (h *histogram) scale(share float64) {
	for i := range h {
		h[i] *= float32(share)
	}
}

// sum tells how many waits are counted from the beginning of each bin on. Most bins are empty, those of the shortest and
// the longest waits, and what is added one by one takes long.
func (h *histogram) sum(above *[bins]float64) {
	shortest, longest := 0, bins-1
	for shortest < longest && h[shortest] == 0 {
		shortest++
	}
	for longest > shortest && h[longest] == 0 {
		longest--
	}
	clear(above[longest+1:])
	sum := 0.0
	for i := longest; i >= shortest; i-- {
		sum += float64(h[i])
		above[i] = sum
	}
	for i := range shortest {
		above[i] = sum
	}
}
