package scoring

import "sync/atomic"

// Compact moves what the index holds close together. Loaded shard by shard, each
// block was replaced many times, and what is left lies scattered between holes
// that nothing else fits into. It takes as much memory again as the index needs,
// for a moment; collect is called to free what nothing points to any longer.
// Readers and writers go on meanwhile.
func (x *Index) Compact(collect func()) {
	// Straight to new places of their own the blocks would only fill the holes;
	// so they leave the place first.
	x.move((&arena{}).take)
	collect()
	x.move(func(words int) []uint32 { return make([]uint32, words) })
	collect()
}

func (x *Index) move(take func(words int) []uint32) {
	x.v4.move(take)
	x.v6.move(take)
}

// move copies every block to where take makes room for it.
func (t *table) move(take func(words int) []uint32) {
	buckets := t.buckets.Load()
	if buckets == nil {
		return
	}
	moveBlock := func(place *atomic.Pointer[uint32]) {
		if b := blockAt(place.Load()); b != nil {
			moved := block(take(len(b)))
			copy(moved, b)
			place.Store(moved.first())
		}
	}
	for bucket := buckets.next(0); bucket < len(buckets.first); bucket = buckets.next(bucket + 1) {
		t.write(bucket, func(place *atomic.Pointer[uint32]) {
			f := forkAt(place.Load())
			if f == nil {
				moveBlock(place)
				return
			}
			for i := range f.blocks {
				moveBlock(&f.blocks[i])
			}
		})
	}
}

// arenaWords is how much an arena takes at once.
const arenaWords = 1 << 18

// arena is room for blocks one behind the other. None is free before all are.
type arena struct{ room []uint32 }

func (a *arena) take(words int) []uint32 {
	if len(a.room) < words {
		a.room = make([]uint32, max(words, arenaWords))
	}
	taken := a.room[:words:words]
	a.room = a.room[words:]
	return taken
}
