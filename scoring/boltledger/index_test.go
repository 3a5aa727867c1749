package boltledger

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndex_clashes gives many keys few hashes: the index must stay exact.
func TestIndex_clashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newIndex()
		x.hash = func(key []byte) uint64 { return uint64(key[0]%3) << 62 }
		log := map[uint64]string{} // sequence → key
		want := map[string]uint64{}
		next := uint64(0)
		draw := func(t *rapid.T) string { return string(rapid.ByteRange('a', 'l').Draw(t, "key")) }
		find := func(key string) (uint64, bool) {
			return x.find([]byte(key), func(seq uint64) bool { return log[seq] == key })
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				key := draw(t)
				if _, known := want[key]; known {
					t.SkipNow()
				}
				next++
				log[next], want[key] = key, next
				x.add([]byte(key), next)
			},
			"remove": func(t *rapid.T) {
				key := draw(t)
				seq, known := want[key]
				if !known {
					t.SkipNow()
				}
				delete(log, seq)
				delete(want, key)
				x.remove([]byte(key))
			},
			"": func(t *rapid.T) {
				for key := byte('a'); key <= 'l'; key++ {
					seq, known := want[string(key)]
					if got, found := find(string(key)); got != seq || found != known {
						t.Fatalf("%c is at %d, %t, want %d, %t", key, got, found, seq, known)
					}
				}
			},
		})
	})
}

// An index that is filled at once finds what one finds that grew.
func TestIndex_fill(t *testing.T) {
	t.Parallel()
	x := newIndex()
	x.hash = func(key []byte) uint64 { return uint64(key[0]%7) << 61 }
	keys := map[uint64]string{}
	batches := make([]indexBatch, 3)
	for seq := range uint64(40) {
		keys[seq] = string(rune('A' + seq))
		batches[seq%3].add(x, []byte(keys[seq]), seq)
	}
	x.fill(batches, func(seq uint64) []byte { return []byte(keys[seq]) })
	for want, key := range keys {
		if got, found := x.find([]byte(key), func(seq uint64) bool { return keys[seq] == key }); got != want || !found {
			t.Errorf("%s is at %d, %t, want %d", key, got, found, want)
		}
		x.remove([]byte(key))
		if _, found := x.find([]byte(key), func(seq uint64) bool { return keys[seq] == key }); found {
			t.Errorf("%s is still there", key)
		}
	}
}
