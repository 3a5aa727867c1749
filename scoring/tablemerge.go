package scoring

import "sync/atomic"

// composer adds to a builder what is to stand in the place of a block, whose
// keys go up to last.
type composer func(w *blockBuilder, old block, last uint64)

// rewrite puts other blocks in the place of a bucket's.
func (t *table) rewrite(bucket int, compose composer) {
	w := t.builder()
	defer t.builders.Put(w)
	t.write(bucket, func(place *atomic.Pointer[uint32]) {
		f := forkAt(place.Load())
		if f == nil {
			t.recompose(w, place, nil, 1<<t.keyBits-1, compose)
			return
		}
		for i := range f.blocks {
			t.recompose(w, &f.blocks[i], f, t.branchLast(i), compose)
		}
	})
}

func (t *table) recompose(w *blockBuilder, place *atomic.Pointer[uint32], f *fork, last uint64, compose composer) {
	old := blockAt(place.Load())
	w.reset(t.layout)
	compose(w, old, last)
	if !w.same(old) {
		t.store(place, f, old, w.build())
	}
}

// merge puts staged entries, sorted, in the place of all whose key belongs,
// one bucket after another.
func (t *table) merge(fresh []stagedEntry, more []step, belongs func(key uint64) bool) {
	if len(fresh) == 0 && t.buckets.Load() == nil {
		return
	}
	buckets := t.writable()
	for bucket := 0; ; bucket++ {
		bucket = buckets.next(bucket)
		if len(fresh) > 0 {
			bucket = min(bucket, int(fresh[0].key>>t.keyBits))
		}
		if bucket == len(buckets.first) {
			return
		}
		t.rewrite(bucket, func(w *blockBuilder, old block, last uint64) {
			n := w.merge(bucket, old, fresh, more, t.whole(bucket, last), belongs)
			fresh = fresh[n:]
		})
	}
}

// merge adds what does not belong of a block, and the staged entries up to
// a last one, whose number it returns.
func (w *blockBuilder) merge(bucket int, old block, fresh []stagedEntry, more []step, last uint64, belongs func(key uint64) bool) int {
	n, from := 0, 0 // entries from there on are to be copied
	for i := range old.len() {
		key := w.keyWithin(bucket, old, i)
		drop := belongs(key)
		if !drop && (n == len(fresh) || fresh[n].key > key) {
			continue
		}
		w.copy(old, from, i)
		from = i
		if drop {
			from++
		}
		for ; n < len(fresh) && fresh[n].key <= key; n++ {
			w.addStaged(fresh[n], more)
		}
	}
	w.copy(old, from, old.len())
	for ; n < len(fresh) && fresh[n].key <= last; n++ {
		w.addStaged(fresh[n], more)
	}
	return n
}

func (w *blockBuilder) addStaged(e stagedEntry, more []step) {
	_, rest := w.divide(e.key)
	w.buffer = e.steps(w.buffer[:0], more)
	w.add(rest, w.buffer)
}

// sweep takes what has ended out of a bucket.
func (t *table) sweep(bucket int, now second) {
	if buckets := t.buckets.Load(); buckets == nil || buckets.first[bucket].Load() == nil {
		return
	}
	t.rewrite(bucket, func(w *blockBuilder, old block, _ uint64) {
		for i := range old.len() {
			w.buffer = t.layout.steps(w.buffer[:0], old, i)
			if rest := after(w.buffer, now); len(rest) > 0 {
				w.add(t.key(t.entry(old, i)), rest)
			}
		}
	})
}
