package scoring

import (
	"iter"
	"sync"
	"sync/atomic"
)

// bucketBits is the part of a key that chooses its bucket.
const bucketBits = 16

// table is the index of one address family: 65,536 buckets by the upper bits
// of the key. Readers take a bucket's block as it is; writers make another one
// and try again if somebody was faster.
type table struct {
	layout
	buckets  atomic.Pointer[[1 << bucketBits]atomic.Pointer[uint32]] // nil: never written
	entries  atomic.Int64
	words    atomic.Int64
	version  atomic.Uint64 // blocks ever published
	builders sync.Pool
}

// split returns the bucket of a key, and what is left of the key.
func (l layout) split(key uint64) (bucket int, rest uint64) {
	return int(key >> l.keyBits), key & (1<<l.keyBits - 1)
}

func (l layout) join(bucket int, rest uint64) uint64 { return uint64(bucket)<<l.keyBits | rest }

// find tells what holds of a key at a moment.
func (t *table) find(key uint64, now second) (s step, last, ok bool) {
	buckets := t.buckets.Load()
	if buckets == nil {
		return step{}, false, false
	}
	bucket, rest := t.split(key)
	b := blockAt(buckets[bucket].Load())
	i, ok := t.search(b, rest)
	if !ok {
		return step{}, false, false
	}
	return t.at(b, i, now)
}

// steps appends the steps of a key.
func (t *table) steps(steps []step, key uint64) []step {
	buckets := t.buckets.Load()
	if buckets == nil {
		return steps
	}
	bucket, rest := t.split(key)
	b := blockAt(buckets[bucket].Load())
	if i, ok := t.search(b, rest); ok {
		return t.layout.steps(steps, b, i)
	}
	return steps
}

// set stores the steps of a key; none take it out.
func (t *table) set(key uint64, steps []step) {
	bucket, rest := t.split(key)
	t.rewrite(bucket, func(w *blockBuilder, old block) {
		i, ok := t.search(old, rest)
		w.copy(old, 0, i)
		if len(steps) > 0 {
			w.add(rest, steps)
		}
		if ok {
			i++
		}
		w.copy(old, i, old.len())
	})
}

// rewrite puts another block in the place of a bucket's. compose is called
// again when somebody else wrote the bucket meanwhile.
func (t *table) rewrite(bucket int, compose func(w *blockBuilder, old block)) {
	w, _ := t.builders.Get().(*blockBuilder)
	if w == nil {
		w = &blockBuilder{}
	}
	defer t.builders.Put(w)
	place := &t.writable()[bucket]
	for {
		first := place.Load()
		old := blockAt(first)
		w.reset(t.layout)
		compose(w, old)
		if w.same(old) {
			return
		}
		fresh := w.build()
		if place.CompareAndSwap(first, fresh) {
			t.entries.Add(int64(w.entries() - old.len()))
			t.words.Add(int64(len(blockAt(fresh)) - len(old)))
			t.version.Add(1)
			return
		}
	}
}

func (t *table) writable() *[1 << bucketBits]atomic.Pointer[uint32] {
	if buckets := t.buckets.Load(); buckets != nil {
		return buckets
	}
	t.buckets.CompareAndSwap(nil, new([1 << bucketBits]atomic.Pointer[uint32]))
	return t.buckets.Load()
}

// merge puts staged entries, sorted, in the place of all whose key belongs,
// one bucket after another.
func (t *table) merge(fresh []stagedEntry, more []step, belongs func(key uint64) bool) {
	if len(fresh) == 0 && t.buckets.Load() == nil {
		return
	}
	buckets := t.writable()
	for bucket := range buckets {
		n := 0
		for n < len(fresh) && fresh[n].key>>t.keyBits == uint64(bucket) {
			n++
		}
		mine := fresh[:n]
		fresh = fresh[n:]
		if n == 0 && buckets[bucket].Load() == nil {
			continue
		}
		t.rewrite(bucket, func(w *blockBuilder, old block) { t.mergeBlock(w, bucket, old, mine, more, belongs) })
	}
}

func (t *table) mergeBlock(w *blockBuilder, bucket int, old block, fresh []stagedEntry, more []step, belongs func(key uint64) bool) {
	for i := range old.len() {
		key := t.join(bucket, t.key(t.entry(old, i)))
		for len(fresh) > 0 && fresh[0].key < key {
			w.addStaged(fresh[0], more)
			fresh = fresh[1:]
		}
		if !belongs(key) {
			w.copy(old, i, i+1)
		}
	}
	for _, entry := range fresh {
		w.addStaged(entry, more)
	}
}

func (w *blockBuilder) addStaged(e stagedEntry, more []step) {
	_, rest := w.split(e.key)
	w.buffer = e.steps(w.buffer[:0], more)
	w.add(rest, w.buffer)
}

// keys yields all keys in ascending order.
func (t *table) keys() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		buckets := t.buckets.Load()
		if buckets == nil {
			return
		}
		for bucket := range buckets {
			b := blockAt(buckets[bucket].Load())
			for i := range b.len() {
				if !yield(t.join(bucket, t.key(t.entry(b, i)))) {
					return
				}
			}
		}
	}
}

// sweep takes what has ended out of a bucket.
func (t *table) sweep(bucket int, now second) {
	if buckets := t.buckets.Load(); buckets == nil || buckets[bucket].Load() == nil {
		return
	}
	t.rewrite(bucket, func(w *blockBuilder, old block) {
		for i := range old.len() {
			w.buffer = t.layout.steps(w.buffer[:0], old, i)
			if rest := after(w.buffer, now); len(rest) > 0 {
				w.add(t.key(t.entry(old, i)), rest)
			}
		}
	})
}
