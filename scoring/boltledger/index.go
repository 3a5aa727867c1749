package boltledger

import (
	"hash/maphash"
	"sync"
)

// index finds the sequence of an incident by its key. It holds hashes, not
// keys: who asks gives a way to look at the row. Two keys with one hash are
// rare; the later of them is kept whole.
type index struct {
	hash  func(key []byte) uint64
	parts [indexParts]indexPart // by the upper bits of the hash
}

const (
	indexPartBits = 10
	// indexParts is how many parts there are, so many that a part is filled
	// within the processor's cache, and grows in a moment.
	indexParts = 1 << indexPartBits
)

type indexPart struct {
	mu      sync.RWMutex
	places  map[uint64]uint64 // hash → sequence
	clashes map[string]uint64 // key → sequence, where the hash was taken; nil: none
}

func newIndex() *index {
	seed := maphash.MakeSeed()
	x := &index{hash: func(key []byte) uint64 { return maphash.Bytes(seed, key) }}
	for i := range x.parts {
		x.parts[i].places = map[uint64]uint64{}
	}
	return x
}

// part returns the hash of a key and the part that it belongs to.
func (x *index) part(key []byte) (hash uint64, part *indexPart) {
	hash = x.hash(key)
	return hash, &x.parts[hash>>(64-indexPartBits)]
}

// find returns the sequence of a key. same tells whether the row at a sequence
// has the key.
func (x *index) find(key []byte, same func(seq uint64) bool) (uint64, bool) {
	hash, part := x.part(key)
	part.mu.RLock()
	seq, found := part.clashes[string(key)]
	if !found {
		seq, found = part.places[hash]
	}
	part.mu.RUnlock()
	if !found || !same(seq) {
		return 0, false
	}
	return seq, true
}

// add adds a key that is not there yet.
func (x *index) add(key []byte, seq uint64) {
	hash, part := x.part(key)
	part.mu.Lock()
	defer part.mu.Unlock()
	part.add(hash, seq, func() []byte { return key })
}

func (p *indexPart) add(hash, seq uint64, key func() []byte) {
	if _, taken := p.places[hash]; !taken {
		p.places[hash] = seq
		return
	}
	if p.clashes == nil {
		p.clashes = map[string]uint64{}
	}
	p.clashes[string(key())] = seq
}

// remove removes a key that is there.
func (x *index) remove(key []byte) {
	hash, part := x.part(key)
	part.mu.Lock()
	defer part.mu.Unlock()
	if _, clashed := part.clashes[string(key)]; clashed {
		delete(part.clashes, string(key))
		return
	}
	delete(part.places, hash)
}
