package bench

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// sortedBy returns the indices of d in rising order of its values.
func sortedBy(d []time.Duration) []int {
	order := make([]int, len(d))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d[a], d[b]) })
	return order
}

// quantile returns the least value that the share q of all values does not exceed, in seconds; NaN when there is none.
func quantile(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)].Seconds()
}

// mean returns the mean; NaN of nothing.
func mean(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return sum / float64(len(all))
}
