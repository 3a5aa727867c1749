package scoring

import "slices"

// blockBuilder makes a block from its entries, which are to be added in
// ascending order.
type blockBuilder struct {
	layout
	head, tail []uint32 // entries, their further steps
	buffer     []step
}

func (w *blockBuilder) reset(l layout) {
	w.layout, w.head, w.tail = l, w.head[:0], w.tail[:0]
}

// add adds an entry that has steps.
func (w *blockBuilder) add(key uint64, steps []step) {
	w.head = w.appendEntry(w.head, key, steps, len(w.tail))
	w.tail = appendTail(w.tail, steps)
}

// copy adds entries of another block.
func (w *blockBuilder) copy(b block, from, to int) {
	if from == to {
		return
	}
	entries, tail := b.parts(w.layout)
	if len(tail) == 0 {
		w.head = append(w.head, entries[from*w.words:to*w.words]...)
		return
	}
	for i := from; i < to; i++ {
		w.buffer = w.layout.steps(w.buffer[:0], b, i)
		w.add(w.key(w.entry(b, i)), w.buffer)
	}
}

// same tells whether a block is what would be built.
func (w *blockBuilder) same(b block) bool {
	entries, tail := b.parts(w.layout)
	return slices.Equal(w.head, entries) && slices.Equal(w.tail, tail)
}

// build returns the block; nil for no entries.
func (w *blockBuilder) build() block {
	if len(w.head) == 0 {
		return nil
	}
	b := make(block, headWords, headWords+len(w.head)+len(w.tail))
	b = append(append(b, w.head...), w.tail...)
	b[0], b[1] = uint32(len(w.head)/w.words), uint32(len(b))
	return b
}
