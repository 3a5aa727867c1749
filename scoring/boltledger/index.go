package boltledger

import (
	"hash/maphash"
	"math/bits"
	"sync"
)

// index finds the sequence of an incident by its key. It is a hash table of its
// own, in parts that grow by themselves: nobody waits for more than one small
// part. It holds no keys and only some bits of their hashes, so that what it
// finds are candidates: who asks gives a way to look at the row.
type index struct {
	hash  func(key []byte) uint64
	parts [indexParts]indexPart // by the upper bits of the hash
}

const (
	indexPartBits = 10
	// indexParts is how many parts there are, so many that a part is filled
	// within the processor's cache, and grows in a moment.
	indexParts = 1 << indexPartBits

	// A slot holds the bits of the hash that follow those of the part, then
	// the sequence. 35,000 incidents a second take 15 years to fill the
	// sequence. Of 10 million incidents, one in a hundred has a candidate
	// beside it that is another's.
	markBits    = 20
	maxSequence = 1<<(64-markBits) - 1

	indexMin = 4 // slots of the smallest part; at least a quarter is free
)

// indexPart is a row of slots that begins anew at its end; 0 is a free one. An
// entry lies in the slot that its mark points to or in the first free one
// after; what is removed is filled up from behind, so that a search ends at a
// free slot.
type indexPart struct {
	mu    sync.RWMutex
	slots []uint64
	used  int
}

func newIndex() *index {
	seed := maphash.MakeSeed()
	return &index{hash: func(key []byte) uint64 { return maphash.Bytes(seed, key) }}
}

// locate returns the part that a key belongs to, and the slot that stands for
// the key at a sequence, which is from 1 to maxSequence.
func (x *index) locate(key []byte, seq uint64) (part int, slot uint64) {
	hash := x.hash(key)
	return int(hash >> (64 - indexPartBits)), hash<<indexPartBits&^maxSequence | seq
}

// find returns the sequence of a key. same tells whether the row at a sequence
// has the key.
func (x *index) find(key []byte, same func(seq uint64) bool) (uint64, bool) {
	n, slot := x.locate(key, 0)
	var few [4]uint64
	for _, seq := range x.parts[n].candidates(few[:0], mark(slot)) {
		if same(seq) {
			return seq, true
		}
	}
	return 0, false
}

// add adds a key that is not there yet.
func (x *index) add(key []byte, seq uint64) {
	n, slot := x.locate(key, seq)
	p := &x.parts[n]
	p.mu.Lock()
	defer p.mu.Unlock()
	if (p.used+1)*4 > len(p.slots)*3 {
		old := p.slots
		p.slots = make([]uint64, max(indexMin, len(old)*3/2))
		for _, slot := range old {
			if slot != 0 {
				p.put(slot)
			}
		}
	}
	p.put(slot)
	p.used++
}

// remove removes a key that is there, at a sequence.
func (x *index) remove(key []byte, seq uint64) {
	n, slot := x.locate(key, seq)
	p := &x.parts[n]
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.home(slot)
	for p.slots[at] != slot {
		at = p.after(at)
	}
	for next := p.after(at); p.slots[next] != 0; next = p.after(next) {
		// It may move up unless that is before the slot it is looked for in.
		if p.distance(p.home(p.slots[next]), next) >= p.distance(at, next) {
			p.slots[at] = p.slots[next]
			at = next
		}
	}
	p.slots[at] = 0
	p.used--
}

// mark returns the bits of the hash that a slot holds.
func mark(slot uint64) uint64 { return slot >> (64 - markBits) }

// candidates appends the sequences of all entries with a mark.
func (p *indexPart) candidates(found []uint64, wanted uint64) []uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if len(p.slots) == 0 {
		return found
	}
	for at := p.home(wanted << (64 - markBits)); p.slots[at] != 0; at = p.after(at) {
		if mark(p.slots[at]) == wanted {
			found = append(found, p.slots[at]&maxSequence)
		}
	}
	return found
}

// put stores what stands for an entry in a free slot, which there must be.
func (p *indexPart) put(slot uint64) {
	at := p.home(slot)
	for p.slots[at] != 0 {
		at = p.after(at)
	}
	p.slots[at] = slot
}

// home returns the slot that the mark within a slot points to.
func (p *indexPart) home(slot uint64) int {
	at, _ := bits.Mul64(slot&^maxSequence, uint64(len(p.slots)))
	return int(at)
}

func (p *indexPart) after(at int) int {
	if at++; at < len(p.slots) {
		return at
	}
	return 0
}

// distance returns how many slots one comes behind another.
func (p *indexPart) distance(from, to int) int {
	if to < from {
		to += len(p.slots)
	}
	return to - from
}
