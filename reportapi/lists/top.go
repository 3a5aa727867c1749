package lists

import (
	"iter"
	"maps"
	"slices"
)

// Top yields the n entries of the highest score in the order in which they
// came; of those with the lowest score that is among them, the first. Entries
// must be the same each time; they are counted first, so that none is held.
func Top(entries iter.Seq[Entry], n int) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		counts := map[int]int{} // by score
		for e := range entries {
			counts[e.Score]++
		}
		lowest, left := lowestOfTop(counts, n)
		for e := range entries {
			if e.Score == lowest {
				left--
			}
			if (e.Score > lowest || e.Score == lowest && left >= 0) && !yield(e) {
				return
			}
		}
	}
}

// lowestOfTop returns the lowest score among the n highest, and how many of
// that score are.
func lowestOfTop(counts map[int]int, n int) (lowest, left int) {
	for _, score := range slices.Backward(slices.Sorted(maps.Keys(counts))) {
		lowest, left = score, min(n, counts[score])
		if n -= left; n == 0 {
			break
		}
	}
	return lowest, left
}
