package intake

import (
	"net/netip"
	"slices"
	"sync"

	"penaltybox/scoring"
)

// locks keep reports of one address in a row. Addresses share them.
type locks [256]sync.Mutex

// lock keeps others from reporting the same addresses until the function that
// it returns is called. Locks are taken in one order.
func (l *locks) lock(incidents []scoring.Incident) (unlock func()) {
	var numbers []int
	for _, incident := range incidents {
		numbers = append(numbers, lockOf(incident.Prefix.Addr()))
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	for _, n := range numbers {
		l[n].Lock()
	}
	return func() {
		for _, n := range numbers {
			l[n].Unlock()
		}
	}
}

// lockOf spreads the prefixes of both families over the locks (FNV-1a).
func lockOf(addr netip.Addr) int {
	hash := uint32(2166136261)
	for _, b := range addr.As16() {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return int(hash >> 24)
}
