package scoring

import (
	"hash/maphash"
	"iter"
	"math/bits"
)

// placeTable finds places by the numbers of their prefixes. It is a hash table
// of its own without pointers, in parts that grow by themselves: no write waits
// for more than one small part, and a part is filled within the processor's
// cache. Reporters choose addresses, so the hash is seeded.
//
// A part is a row of slots that begins anew at its end. A key lies in the slot
// that its hash points to or in the first free one after; what is taken out is
// filled up from behind, so that a search ends at a free slot.
type placeTable[K uint32 | uint64] struct {
	seed  maphash.Seed
	parts [1 << placePartBits]placePart[K]
	count int
}

const (
	placePartBits = 6
	// A part grows when more than placeLoad quarters of it were taken, by
	// half, so that three quarters to a half of it are.
	placeLoad = 3
	placeMin  = 4 // slots of the smallest part; some stay free
)

type placePart[K uint32 | uint64] struct {
	slots []placeSlot[K]
	used  int
}

// placeSlot is free when its place has no head.
type placeSlot[K uint32 | uint64] struct {
	key K
	place
}

func newPlaceTable[K uint32 | uint64]() placeTable[K] {
	return placeTable[K]{seed: maphash.MakeSeed()}
}

func (t *placeTable[K]) len() int { return t.count }

// locate returns the part of a key and the hash within the part.
func (t *placeTable[K]) locate(key K) (part int, hash uint64) {
	hash = maphash.Comparable(t.seed, key)
	return int(hash >> (64 - placePartBits)), hash << placePartBits
}

// get returns the place of a key.
func (t *placeTable[K]) get(key K) (place, bool) {
	n, hash := t.locate(key)
	p := &t.parts[n]
	if len(p.slots) == 0 {
		return place{}, false
	}
	at := p.find(key, hash)
	return p.slots[at].place, p.slots[at].head != 0
}

// set stores a place that has a head.
func (t *placeTable[K]) set(key K, value place) {
	n, hash := t.locate(key)
	p := &t.parts[n]
	if len(p.slots) > 0 {
		if at := p.find(key, hash); p.slots[at].head != 0 {
			p.slots[at].place = value
			return
		}
	}
	if (p.used+1)*4 > len(p.slots)*placeLoad {
		t.resize(p, max(placeMin, len(p.slots)*3/2))
	}
	p.slots[p.find(key, hash)] = placeSlot[K]{key, value}
	p.used++
	t.count++
}

// delete drops the place of a key, if there is one.
func (t *placeTable[K]) delete(key K) {
	n, hash := t.locate(key)
	p := &t.parts[n]
	if len(p.slots) == 0 {
		return
	}
	at := p.find(key, hash)
	if p.slots[at].head == 0 {
		return
	}
	for next := p.after(at); p.slots[next].head != 0; next = p.after(next) {
		// It may move up unless that is before the slot it is looked for in.
		_, hash := t.locate(p.slots[next].key)
		if home := p.home(hash); p.distance(home, next) >= p.distance(at, next) {
			p.slots[at] = p.slots[next]
			at = next
		}
	}
	p.slots[at] = placeSlot[K]{}
	p.used--
	t.count--
}

// resize gives a part so many slots, which must be enough.
func (t *placeTable[K]) resize(p *placePart[K], slots int) {
	old := p.slots
	p.slots = make([]placeSlot[K], slots)
	for i := range old {
		if old[i].head != 0 {
			_, hash := t.locate(old[i].key)
			p.slots[p.find(old[i].key, hash)] = old[i]
		}
	}
}

// all yields all places, in no order. The loop may set the place that it holds,
// or delete it.
func (t *placeTable[K]) all() iter.Seq2[K, place] {
	return func(yield func(K, place) bool) {
		for i := range t.parts {
			if !t.parts[i].all(yield) {
				return
			}
		}
	}
}

// all goes backwards from a free slot: what fills up a deleted place comes from
// behind it, and was yielded before.
func (p *placePart[K]) all(yield func(K, place) bool) bool {
	free := 0
	for free < len(p.slots) && p.slots[free].head != 0 {
		free++
	}
	for i := range p.slots {
		at := free - i
		if at < 0 {
			at += len(p.slots)
		}
		if s := p.slots[at]; s.head != 0 && !yield(s.key, s.place) {
			return false
		}
	}
	return true
}

// find returns the slot that a key is in, or the free one that it belongs in.
func (p *placePart[K]) find(key K, hash uint64) int {
	at := p.home(hash)
	for p.slots[at].head != 0 && p.slots[at].key != key {
		at = p.after(at)
	}
	return at
}

// home returns the slot that a hash points to.
func (p *placePart[K]) home(hash uint64) int {
	at, _ := bits.Mul64(hash, uint64(len(p.slots)))
	return int(at)
}

func (p *placePart[K]) after(at int) int {
	if at++; at < len(p.slots) {
		return at
	}
	return 0
}

// distance returns how many slots one comes behind another.
func (p *placePart[K]) distance(from, to int) int {
	if to < from {
		to += len(p.slots)
	}
	return to - from
}
