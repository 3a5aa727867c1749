package scoring

import "testing"

// What a write waits for at the most, while ten million addresses are held: one
// part of a shard's table grows.
func BenchmarkPlaceTable_resize(b *testing.B) {
	table := newPlaceTable[uint32]()
	for key := range uint32(10 * million / Shards) {
		table.set(key, place{head: 1})
	}
	p := &table.parts[0]
	slots := len(p.slots)
	for b.Loop() {
		table.resize(p, slots*3/2)
	}
}

// One address looked up, and one more and less, among as many as a shard has
// of ten million.
func BenchmarkPlaceTable(b *testing.B) {
	table := newPlaceTable[uint32]()
	const held = 10 * million / Shards
	for key := range uint32(held) {
		table.set(key*2654435761, place{head: 1})
	}
	b.Run("get", func(b *testing.B) {
		for i := uint32(0); b.Loop(); i++ {
			if _, ok := table.get(i * 7919 % held * 2654435761); !ok {
				b.Fatal("not held")
			}
		}
	})
	b.Run("set_delete", func(b *testing.B) {
		for i := uint32(held); b.Loop(); i++ {
			table.set(i*2654435761, place{head: 1})
			table.delete(i * 2654435761)
		}
	})
}
