package boltledger

import (
	"hash/maphash"
	"sync"
)

// index finds the sequence of an incident by its key. It holds hashes, not
// keys: who asks gives a way to look at the row. Two keys with one hash are
// rare; the later of them is kept whole.
type index struct {
	hash func(key []byte) uint64

	mu      sync.RWMutex
	places  map[uint64]uint64 // hash → sequence
	clashes map[string]uint64 // key → sequence, where the hash was taken
}

func newIndex() *index {
	seed := maphash.MakeSeed()
	return &index{
		hash:    func(key []byte) uint64 { return maphash.Bytes(seed, key) },
		places:  map[uint64]uint64{},
		clashes: map[string]uint64{},
	}
}

// reserve makes room for so many keys, before the first is added.
func (x *index) reserve(keys int) { x.places = make(map[uint64]uint64, keys) }

// find returns the sequence of a key. same tells whether the row at a sequence
// has the key.
func (x *index) find(key []byte, same func(seq uint64) bool) (uint64, bool) {
	x.mu.RLock()
	seq, found := x.clashes[string(key)]
	if !found {
		seq, found = x.places[x.hash(key)]
	}
	x.mu.RUnlock()
	if !found || !same(seq) {
		return 0, false
	}
	return seq, true
}

// add adds a key that is not there yet.
func (x *index) add(key []byte, seq uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	hash := x.hash(key)
	if _, taken := x.places[hash]; taken {
		x.clashes[string(key)] = seq
		return
	}
	x.places[hash] = seq
}

// remove removes a key that is there.
func (x *index) remove(key []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, clashed := x.clashes[string(key)]; clashed {
		delete(x.clashes, string(key))
		return
	}
	delete(x.places, x.hash(key))
}
