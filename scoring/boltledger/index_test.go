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
