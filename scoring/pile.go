package scoring

import "iter"

const (
	pileFirst = 8   // values in the first chunk of a pile
	pileChunk = 256 // values in a chunk of a large pile
)

// pile collects values to be ranged over once. Unlike a slice it never copies
// what it has in order to grow.
type pile[T any] struct {
	chunks [][]T
	count  int
}

func (p *pile[T]) add(value T) {
	last := len(p.chunks) - 1
	if last < 0 || len(p.chunks[last]) == cap(p.chunks[last]) {
		last++
		p.chunks = append(p.chunks, make([]T, 0, min(pileFirst<<min(last, 16), pileChunk)))
	}
	p.chunks[last] = append(p.chunks[last], value)
	p.count++
}

// all yields the values in the order in which they came.
func (p *pile[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, chunk := range p.chunks {
			for _, value := range chunk {
				if !yield(value) {
					return
				}
			}
		}
	}
}
