package boltledger

import (
	"runtime"
	"sync"
)

// indexBatch collects what an empty index is to be filled with, by parts. A
// table that is filled in no order waits for memory at each key.
type indexBatch [indexParts][]uint64

// add adds a key that no batch has yet.
func (b *indexBatch) add(x *index, key []byte, seq uint64) {
	part, slot := x.locate(key, seq)
	b[part] = append(b[part], slot)
}

// fill fills an empty index.
func (x *index) fill(batches []indexBatch) {
	var workers sync.WaitGroup
	n := runtime.GOMAXPROCS(0)
	for first := range n {
		workers.Go(func() {
			for i := first; i < indexParts; i += n {
				x.parts[i].fill(batches, i)
			}
		})
	}
	workers.Wait()
}

func (p *indexPart) fill(batches []indexBatch, part int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range batches {
		p.used += len(batches[i][part])
	}
	if p.used == 0 {
		return
	}
	p.slots = make([]uint64, max(indexMin, p.used*3/2))
	for i := range batches {
		for _, slot := range batches[i][part] {
			p.put(slot)
		}
		batches[i][part] = nil
	}
}
