package scoring

import (
	"iter"
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
)

// bucketBits is the part of a key that chooses its bucket.
const bucketBits = 16

// table is the index of one address family: 65,536 buckets by the upper bits
// of the key, each empty, a block, or a fork of blocks. Readers take a block as
// it is; the writers of a bucket take turns, and store another block when it
// is whole.
type table struct {
	layout
	buckets  atomic.Pointer[buckets] // nil: never written
	entries  atomic.Int64
	words    atomic.Int64
	version  atomic.Uint64 // blocks ever published
	builders sync.Pool
	writing  [64]sync.Mutex // of each bucket whose number ends so
}

type buckets struct {
	first    [1 << bucketBits]atomic.Pointer[uint32] // of a block or fork
	occupied [1 << bucketBits / 64]atomic.Uint64     // by bucket: not empty
}

// next returns the first bucket, not before another, that is not empty; or
// the number of buckets.
func (b *buckets) next(bucket int) int {
	for bucket < len(b.first) {
		if rest := b.occupied[bucket/64].Load() >> (bucket % 64); rest != 0 {
			return bucket + bits.TrailingZeros64(rest)
		}
		bucket = (bucket/64 + 1) * 64
	}
	return bucket
}

// divide returns the bucket of a key, and what is left of the key.
func (l layout) divide(key uint64) (bucket int, rest uint64) {
	return int(key >> l.keyBits), key & (1<<l.keyBits - 1)
}

// whole is the inverse of divide.
func (l layout) whole(bucket int, rest uint64) uint64 { return uint64(bucket)<<l.keyBits | rest }

// block returns the block that a key belongs to, the rest of the key, and how
// many bits all rests in the block begin with.
func (t *table) block(key uint64) (b block, rest uint64, common int) {
	buckets := t.buckets.Load()
	if buckets == nil {
		return nil, 0, 0
	}
	bucket, rest := t.divide(key)
	first := buckets.first[bucket].Load()
	if f := forkAt(first); f != nil {
		first, common = f.blocks[t.branch(rest)].Load(), forkBits
	}
	return blockAt(first), rest, common
}

// find tells what holds of a key at a moment.
func (t *table) find(key uint64, now second) (s step, last, ok bool) {
	b, rest, common := t.block(key)
	i, ok := t.search(b, rest, common)
	if !ok {
		return step{}, false, false
	}
	return t.at(b, i, now)
}

// steps appends the steps of a key.
func (t *table) steps(steps []step, key uint64) []step {
	b, rest, common := t.block(key)
	if i, ok := t.search(b, rest, common); ok {
		return t.layout.steps(steps, b, i)
	}
	return steps
}

// set stores the steps of a key; none take it out.
func (t *table) set(key uint64, steps []step) {
	bucket, rest := t.divide(key)
	t.write(bucket, func(place *atomic.Pointer[uint32]) {
		f, common := forkAt(place.Load()), 0
		if f != nil {
			place, common = &f.blocks[t.branch(rest)], forkBits
		}
		old := blockAt(place.Load())
		t.store(place, f, old, t.with(old, rest, steps, common))
	})
}

// write lets a function change a bucket, and brings the bucket into the form
// that its size asks for.
func (t *table) write(bucket int, change func(place *atomic.Pointer[uint32])) {
	buckets := t.writable()
	writing := &t.writing[bucket%len(t.writing)]
	writing.Lock()
	defer writing.Unlock()
	place := &buckets.first[bucket]
	was := place.Load() != nil
	change(place)
	first := place.Load()
	if f := forkAt(first); f != nil && int(f.entries) <= t.joinBelow() || f == nil && blockAt(first).len() > t.forkAbove {
		t.reform(place, f)
		first = place.Load()
	}
	switch bit := uint64(1) << (bucket % 64); {
	case first != nil && !was:
		buckets.occupied[bucket/64].Or(bit)
	case first == nil && was:
		buckets.occupied[bucket/64].And(^bit)
	}
}

// store puts one block in the place of another, in a fork or in none.
func (t *table) store(place *atomic.Pointer[uint32], f *fork, old, fresh block) {
	if fresh.first() == old.first() {
		return
	}
	place.Store(fresh.first())
	if f != nil {
		f.entries += int32(fresh.len() - old.len())
	}
	t.entries.Add(int64(fresh.len() - old.len()))
	t.words.Add(int64(len(fresh) - len(old)))
	t.version.Add(1)
}

// reform makes a block of the fork in a place, or if there is none, a fork of
// the block.
func (t *table) reform(place *atomic.Pointer[uint32], f *fork) {
	w := t.builder()
	defer t.builders.Put(w)
	var words int
	if f != nil {
		b := w.join(t.layout, f)
		words = len(b) - f.words()
		place.Store(b.first())
	} else {
		b := blockAt(place.Load())
		f = w.fork(t.layout, b)
		words = f.words() - len(b)
		place.Store(f.first())
	}
	t.words.Add(int64(words))
}

func (t *table) builder() *blockBuilder {
	if w, ok := t.builders.Get().(*blockBuilder); ok {
		return w
	}
	return &blockBuilder{}
}

func (t *table) writable() *buckets {
	if buckets := t.buckets.Load(); buckets != nil {
		return buckets
	}
	t.buckets.CompareAndSwap(nil, new(buckets))
	return t.buckets.Load()
}

// bytes returns what the table takes, without what the allocator rounds up.
func (t *table) bytes() int {
	size := 4 * int(t.words.Load())
	if buckets := t.buckets.Load(); buckets != nil {
		size += int(unsafe.Sizeof(*buckets))
	}
	return size
}

// blocks yields all blocks in the order of keys.
func (t *table) blocks() iter.Seq[bucketBlock] {
	return func(yield func(bucketBlock) bool) {
		buckets := t.buckets.Load()
		if buckets == nil {
			return
		}
		for bucket := buckets.next(0); bucket < len(buckets.first); bucket = buckets.next(bucket + 1) {
			first := buckets.first[bucket].Load()
			f := forkAt(first)
			if f == nil {
				if !yield(bucketBlock{bucket, blockAt(first)}) {
					return
				}
				continue
			}
			for b := range f.all() {
				if !yield(bucketBlock{bucket, b}) {
					return
				}
			}
		}
	}
}

// keys yields all keys in ascending order.
func (t *table) keys() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for in := range t.blocks() {
			for i := range in.block.len() {
				if !yield(t.keyWithin(in.bucket, in.block, i)) {
					return
				}
			}
		}
	}
}

// keyWithin returns the whole key of an entry of a bucket's block.
func (l layout) keyWithin(bucket int, b block, i int) uint64 {
	return l.whole(bucket, l.key(l.entry(b, i)))
}
