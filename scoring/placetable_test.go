package scoring

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestPlaceTable_property compares a table with a Go map over histories in
// which parts fill, grow and empty again.
func TestPlaceTable_property(t *testing.T) {
	t.Parallel()
	t.Run("IPv4", func(t *testing.T) { checkPlaceTable[uint32](t, 1<<31) })
	t.Run("IPv6", func(t *testing.T) { checkPlaceTable[uint64](t, 0x2001_0db8_0000_0000) })
}

func checkPlaceTable[K uint32 | uint64](t *testing.T, base K) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := newPlaceTable[K](), map[K]place{}
		keys := rapid.IntRange(1, 400).Draw(t, "keys")
		draw := func() K { return base + K(rapid.IntRange(0, keys-1).Draw(t, "key")) }
		for range rapid.IntRange(0, 20).Draw(t, "rounds") {
			for n := range rapid.IntRange(0, 60).Draw(t, "writes") {
				key := draw()
				if n%3 == 0 {
					table.delete(key)
					delete(want, key)
					continue
				}
				value := place{head: itemIndex(n + 1), due: second(key), state: announcementIndex(n)}
				table.set(key, value)
				want[key] = value
			}
			thin(t, &table, want, rapid.Uint64Range(2, 9).Draw(t, "thin"))
			compareTable(t, &table, want, base, keys)
		}
	})
}

// thin deletes some while it ranges over all, and changes others.
func thin[K uint32 | uint64](t *rapid.T, table *placeTable[K], want map[K]place, nth uint64) {
	seen := map[K]bool{}
	for key, value := range table.all() {
		if seen[key] || want[key] != value {
			t.Fatalf("ranging yields %d: %v, want %v; seen before: %t", key, value, want[key], seen[key])
		}
		seen[key] = true
		if uint64(key)%nth == 0 {
			table.delete(key)
			delete(want, key)
		} else {
			value.state++
			table.set(key, value)
			want[key] = value
		}
	}
	for key := range want {
		if !seen[key] {
			t.Fatalf("ranging misses %d", key)
		}
	}
}

func compareTable[K uint32 | uint64](t *rapid.T, table *placeTable[K], want map[K]place, base K, keys int) {
	if table.len() != len(want) {
		t.Fatalf("%d places, want %d", table.len(), len(want))
	}
	for n := range keys {
		wanted, known := want[base+K(n)]
		if got, ok := table.get(base + K(n)); got != wanted || ok != known {
			t.Fatalf("place %d is %v, %t, want %v, %t", n, got, ok, wanted, known)
		}
	}
	if got := maps.Collect(table.all()); !maps.Equal(got, want) {
		t.Fatalf("all are %v, want %v", got, want)
	}
}

// A table that is filled at once holds what one holds that grew, and can be
// written to.
func TestPlaceFill(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.IntRange(1, 3000).Draw(t, "keys")
		table, want := newPlaceTable[uint32](), map[uint32]place{}
		fill := placeFill[uint32]{table: &table}
		for n := range keys {
			value := place{head: itemIndex(n + 1), due: second(n)}
			want[uint32(n)*5] = value
			fill.add(uint32(n)*5, value)
		}
		fill.end()
		for n := range keys {
			if n%2 == 0 {
				table.delete(uint32(n) * 5)
				delete(want, uint32(n)*5)
			} else {
				table.set(uint32(n)*5+1, place{head: 1})
				want[uint32(n)*5+1] = place{head: 1}
			}
		}
		compareTable(t, &table, want, 0, 5*keys)
	})
}

// The places of a table are spread over its parts, none of which is large.
func TestPlaceTable_parts(t *testing.T) {
	t.Parallel()
	table := newPlaceTable[uint32]()
	const places = 100_000
	for n := range uint32(places) {
		table.set(n<<8, place{head: 1})
	}
	for i := range table.parts {
		if p := &table.parts[i]; p.used > 2*places/len(table.parts) || 4*p.used > 3*len(p.slots) || 5*p.used < 2*len(p.slots) {
			t.Errorf("part %d holds %d of %d places in %d slots", i, p.used, places, len(p.slots))
		}
	}
}
