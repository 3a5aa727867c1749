package scoring

import (
	"iter"
	"sync/atomic"
	"unsafe"
)

// fork stands in the place of a block that grew too large to be copied for
// each write: a block of its own for each value of the next bits of the key.
// Lists do have such neighbourhoods, and who owns one could choose it.
type fork struct {
	mark    uint32 // forkMark, where a block has the number of its entries
	entries int32  // of all blocks; for writers only
	blocks  [1 << forkBits]atomic.Pointer[uint32]
}

const (
	forkMark = ^uint32(0)
	forkBits = 7
)

// forkAt returns the fork that begins with a word; nil: there is none.
//
// A bucket points to either kind by its first word, because the garbage
// collector knows an object by where it lies, not by the type of the pointer.
func forkAt(first *uint32) *fork {
	if first == nil || *first != forkMark {
		return nil
	}
	return (*fork)(unsafe.Pointer(first))
}

// first returns the word by which a bucket points to the fork.
func (f *fork) first() *uint32 { return &f.mark }

// joinBelow is how many entries a fork has at the most when it becomes a block
// again: so few that nobody gains by writing to and fro.
func (l layout) joinBelow() int { return l.forkAbove / 4 }

// branch returns which block of a fork a key belongs to.
func (l layout) branch(key uint64) int { return int(key >> (l.keyBits - forkBits)) }

// branchLast returns the last key that belongs to a block of a fork.
func (l layout) branchLast(branch int) uint64 { return uint64(branch+1)<<(l.keyBits-forkBits) - 1 }

// fork makes a fork of a block.
func (w *blockBuilder) fork(l layout, b block) *fork {
	f := &fork{mark: forkMark, entries: int32(b.len())}
	from := 0
	for i := range f.blocks {
		to := from
		for to < b.len() && l.branch(l.key(l.entry(b, to))) == i {
			to++
		}
		w.reset(l)
		w.copy(b, from, to)
		f.blocks[i].Store(w.build().first())
		from = to
	}
	return f
}

// join makes a block of a fork.
func (w *blockBuilder) join(l layout, f *fork) block {
	w.reset(l)
	for b := range f.all() {
		w.copy(b, 0, b.len())
	}
	return w.build()
}

// all yields the blocks of a fork in the order of keys.
func (f *fork) all() iter.Seq[block] {
	return func(yield func(block) bool) {
		for i := range f.blocks {
			if b := blockAt(f.blocks[i].Load()); b != nil && !yield(b) {
				return
			}
		}
	}
}

// words returns what a fork and its blocks take.
func (f *fork) words() int {
	words := int(unsafe.Sizeof(*f) / unsafe.Sizeof(f.mark))
	for b := range f.all() {
		words += len(b)
	}
	return words
}
