package scoring

// placeFill collects the places that an empty table is to be filled with, part
// by part. A table that is filled in no order waits for memory at each key.
type placeFill[K uint32 | uint64] struct {
	table *placeTable[K]
	parts [1 << placePartBits]pile[hashedPlace[K]]
}

type hashedPlace[K uint32 | uint64] struct {
	hash uint64
	placeSlot[K]
}

// add takes in a place that has a head, of a key that was not added before.
func (f *placeFill[K]) add(key K, value place) {
	part, hash := f.table.locate(key)
	f.parts[part].add(hashedPlace[K]{hash, placeSlot[K]{key, value}})
}

// end fills the table.
func (f *placeFill[K]) end() {
	for i := range f.parts {
		p, fresh := &f.table.parts[i], &f.parts[i]
		if fresh.count == 0 {
			continue
		}
		p.slots = make([]placeSlot[K], max(placeMin, fresh.count*3/2))
		for _, chunk := range fresh.chunks {
			for j := range chunk {
				p.slots[p.find(chunk[j].key, chunk[j].hash)] = chunk[j].placeSlot
			}
		}
		p.used = fresh.count
		f.table.count += fresh.count
		*fresh = pile[hashedPlace[K]]{}
	}
}
