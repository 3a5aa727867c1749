package scoring

import (
	"cmp"
	"slices"
)

const (
	radixBits = 11     // of a key that one pass sorts by; its counters fit into the nearest cache
	radixFrom = 1 << 9 // entries for which counting pays
)

// sortStaged returns the entries in the order of their keys, which have so
// many bits. It may use the entries' own memory, or other.
//
// A node sorts all that it loads, and the keys are numbers: a radix sort takes
// a tenth of the time of a sort by comparing.
func sortStaged(entries []stagedEntry, bits int) []stagedEntry {
	byKey := func(a, b stagedEntry) int { return cmp.Compare(a.key, b.key) }
	if len(entries) < radixFrom {
		slices.SortFunc(entries, byKey)
		return entries
	}
	if slices.IsSortedFunc(entries, byKey) {
		return entries
	}
	other := make([]stagedEntry, len(entries))
	for shift := 0; shift < bits; shift += radixBits {
		sortByDigit(other, entries, shift)
		entries, other = other, entries
	}
	return entries
}

// sortByDigit copies entries in the order of some bits of their keys, and
// otherwise in the order that they have.
func sortByDigit(to, entries []stagedEntry, shift int) {
	var starts [1 << radixBits]int
	for i := range entries {
		starts[entries[i].key>>shift%(1<<radixBits)]++
	}
	sum := 0
	for digit, n := range starts {
		starts[digit] = sum
		sum += n
	}
	for _, e := range entries {
		digit := e.key >> shift % (1 << radixBits)
		to[starts[digit]] = e
		starts[digit]++
	}
}
