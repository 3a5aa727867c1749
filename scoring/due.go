package scoring

// dueEntry says that a place is to be looked at. It has no pointers.
type dueEntry[K comparable] struct {
	at  second
	key K
}

// dueHeap is a binary heap, the earliest entry first. (container/heap would
// allocate for every entry.)
type dueHeap[K comparable] []dueEntry[K]

func (h *dueHeap[K]) push(entry dueEntry[K]) {
	*h = append(*h, entry)
	heap := *h
	i := len(heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if heap[parent].at <= entry.at {
			break
		}
		heap[i] = heap[parent]
		i = parent
	}
	heap[i] = entry
}

// pop takes the earliest entry off a heap that is not empty.
func (h *dueHeap[K]) pop() dueEntry[K] {
	heap := *h
	top, last := heap[0], heap[len(heap)-1]
	heap = heap[:len(heap)-1]
	*h = heap
	if len(heap) == 0 {
		return top
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(heap) {
			break
		}
		if child+1 < len(heap) && heap[child+1].at < heap[child].at {
			child++
		}
		if last.at <= heap[child].at {
			break
		}
		heap[i] = heap[child]
		i = child
	}
	heap[i] = last
	return top
}
