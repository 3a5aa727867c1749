package parsers

import "time"

// recent counts keys, and forgets those that were not seen for a while of the
// log's own time, forwards or backwards. It holds two generations of at most
// mostRecent keys.
type recent[K comparable] struct {
	span     time.Duration
	start    time.Time // of the young generation
	young    map[K]int
	old      map[K]int
	capacity int
}

// mostRecent bounds a generation, against floods: what is remembered is saved
// with the position in a log that is followed.
const mostRecent = 1 << 13

func newRecent[K comparable](span time.Duration) *recent[K] {
	return &recent[K]{span: span, young: make(map[K]int), capacity: mostRecent}
}

// add counts a key at a time and returns how often it was there before.
func (r *recent[K]) add(key K, at time.Time) int {
	r.turn(at)
	before := r.count(key)
	r.young[key] = before + 1
	return before
}

// count returns how often a key was added.
func (r *recent[K]) count(key K) int {
	if n, ok := r.young[key]; ok {
		return n
	}
	return r.old[key]
}

// turn begins a new generation when the young one is full or its time is
// over.
func (r *recent[K]) turn(at time.Time) {
	away := at.Sub(r.start).Abs()
	switch {
	case away > 2*r.span:
		r.old = nil
	case away > r.span || len(r.young) >= r.capacity:
		r.old = r.young
	default:
		return
	}
	r.young = make(map[K]int)
	r.start = at
}
