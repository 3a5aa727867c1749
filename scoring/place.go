package scoring

import "iter"

// place is what the scoreboard keeps of one prefix, without pointers.
type place struct {
	head  itemIndex         // of the chain
	due   second            // when a sweep looks at it, never later than needed
	state announcementIndex // what the change log last said of it
}

// family holds the places of one address family by their numbers.
type family[K uint32 | uint64] struct {
	places placeTable[K]
	due    dueHeap[K]
}

func newFamily[K uint32 | uint64]() family[K] {
	return family[K]{places: newPlaceTable[K]()}
}

// popDue takes one key out whose place is due, or returns false.
func (f *family[K]) popDue(now second) (K, bool) {
	for len(f.due) > 0 && f.due[0].at <= now {
		next := f.due.pop()
		// A place that was rescheduled to an earlier second left a stale
		// entry behind.
		if p, ok := f.places.get(next.key); ok && p.due == next.at {
			return next.key, true
		}
	}
	return 0, false
}

// place returns the place of a key; a prefix without incidents has a new one.
func (s *shard) place(k scoredKey) (place, bool) {
	var p place
	var ok bool
	switch {
	case k.isRange():
		p, ok = s.ranges.places[k]
	case k.v6:
		p, ok = s.v6.places.get(k.n)
	default:
		p, ok = s.v4.places.get(uint32(k.n))
	}
	if !ok {
		p.due = never
	}
	return p, ok
}

// setPlace stores a place, or drops it when it holds nothing.
func (s *shard) setPlace(k scoredKey, p place) {
	switch {
	case k.isRange():
		s.ranges.set(k, p)
	case p.head == 0 && k.v6:
		s.v6.places.delete(k.n)
	case p.head == 0:
		s.v4.places.delete(uint32(k.n))
	case k.v6:
		s.v6.places.set(k.n, p)
	default:
		s.v4.places.set(uint32(k.n), p)
	}
}

// schedule makes a sweep look at the place at a second, if not earlier.
func (s *shard) schedule(k scoredKey, p *place, at second) {
	if at >= p.due {
		return
	}
	p.due = at
	switch {
	case k.isRange():
		s.ranges.due.push(dueEntry[scoredKey]{at, k})
	case k.v6:
		s.v6.due.push(dueEntry[uint64]{at, k.n})
	default:
		s.v4.due.push(dueEntry[uint32]{at, uint32(k.n)})
	}
}

// popDue takes one due key out of the schedule, or returns false.
func (s *shard) popDue(now second) (scoredKey, bool) {
	if n, ok := s.v4.popDue(now); ok {
		return scoredKey{n: uint64(n)}, true
	}
	if n, ok := s.v6.popDue(now); ok {
		return scoredKey{n: n, v6: true}, true
	}
	return s.ranges.popDue(now)
}

// places yields all places, those of ranges last, each kind in no order. The loop
// may set the place that it holds.
func (s *shard) places() iter.Seq2[scoredKey, place] {
	return func(yield func(scoredKey, place) bool) {
		for n, p := range s.v4.places.all() {
			if !yield(scoredKey{n: uint64(n)}, p) {
				return
			}
		}
		for n, p := range s.v6.places.all() {
			if !yield(scoredKey{n: n, v6: true}, p) {
				return
			}
		}
		for k, p := range s.ranges.places {
			if !yield(k, p) {
				return
			}
		}
	}
}
