package boltledger

import (
	"runtime"
	"sync"
)

// indexBatch collects what an empty index is to be filled with, by parts. A
// table that is filled in no order waits for memory at each key.
type indexBatch [indexParts][]hashed

type hashed struct{ hash, seq uint64 }

// add adds a key that no batch has yet.
func (b *indexBatch) add(x *index, key []byte, seq uint64) {
	hash := x.hash(key)
	part := hash >> (64 - indexPartBits)
	b[part] = append(b[part], hashed{hash, seq})
}

// fill fills an empty index. key returns the key of a sequence, and may be
// called side by side.
func (x *index) fill(batches []indexBatch, key func(seq uint64) []byte) {
	var workers sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for first := range n {
		workers.Go(func() {
			for i := first; i < indexParts; i += n {
				x.parts[i].fill(batches, i, key)
			}
		})
	}
	workers.Wait()
}

func (p *indexPart) fill(batches []indexBatch, part int, key func(seq uint64) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := 0
	for i := range batches {
		keys += len(batches[i][part])
	}
	p.places = make(map[uint64]uint64, keys)
	for i := range batches {
		for _, h := range batches[i][part] {
			p.add(h.hash, h.seq, func() []byte { return key(h.seq) })
		}
		batches[i][part] = nil
	}
}
