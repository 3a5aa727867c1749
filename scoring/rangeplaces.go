package scoring

// rangeFamily holds the places of the ranges of a shard. They are few, so a map
// does.
type rangeFamily struct {
	places map[scoredKey]place
	due    dueHeap[scoredKey]
}

// set stores a place, or drops it when it holds nothing.
func (f *rangeFamily) set(k scoredKey, p place) {
	if p.head == 0 {
		delete(f.places, k)
		return
	}
	f.places[k] = p
}

// popDue takes one key out whose place is due, or returns false.
func (f *rangeFamily) popDue(now second) (scoredKey, bool) {
	for len(f.due) > 0 && f.due[0].at <= now {
		next := f.due.pop()
		// As for addresses, a stale entry may have stayed behind.
		if p, ok := f.places[next.key]; ok && p.due == next.at {
			return next.key, true
		}
	}
	return scoredKey{}, false
}
