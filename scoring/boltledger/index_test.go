package boltledger

import (
	"hash/maphash"
	"strconv"
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
				x.remove([]byte(key), seq)
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

// TestIndex_property compares the index with a Go map over long histories, in
// which parts fill up, grow and empty again.
func TestIndex_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, want := newIndex(), map[string]uint64{}
		parts := rapid.Uint64Range(1, 3).Draw(t, "parts")
		spread := rapid.Uint64Range(1, 1<<18).Draw(t, "spread")
		x.hash = func(key []byte) uint64 {
			hash := maphash.Bytes(seedOfTest, key)
			return hash%parts<<(64-indexPartBits) | hash>>indexPartBits/spread*spread
		}
		keys := map[uint64]string{}
		same := func(key string) func(uint64) bool { return func(seq uint64) bool { return keys[seq] == key } }
		seq := uint64(maxSequence - 2000)
		for range rapid.IntRange(1, 1000).Draw(t, "steps") {
			key := strconv.Itoa(rapid.IntRange(0, 400).Draw(t, "key"))
			if at, known := want[key]; known {
				x.remove([]byte(key), at)
				delete(want, key)
			} else {
				seq++
				keys[seq], want[key] = key, seq
				x.add([]byte(key), seq)
			}
		}
		for n := range 401 {
			key := strconv.Itoa(n)
			wanted, known := want[key]
			if got, found := x.find([]byte(key), same(key)); got != wanted || found != known {
				t.Fatalf("%s is at %d, %t, want %d, %t", key, got, found, wanted, known)
			}
		}
		used := 0
		for i := range x.parts {
			used += x.parts[i].used
		}
		if used != len(want) {
			t.Fatalf("%d entries, want %d", used, len(want))
		}
	})
}

var seedOfTest = maphash.MakeSeed()

// An index that is filled at once finds what one finds that grew.
func TestIndex_fill(t *testing.T) {
	t.Parallel()
	x := newIndex()
	x.hash = func(key []byte) uint64 { return uint64(key[0]%7) << 61 }
	keys := map[uint64]string{}
	batches := make([]indexBatch, 3)
	for seq := uint64(1); seq <= 40; seq++ {
		keys[seq] = string(rune('A' + seq))
		batches[seq%3].add(x, []byte(keys[seq]), seq)
	}
	x.fill(batches)
	for want, key := range keys {
		if got, found := x.find([]byte(key), func(seq uint64) bool { return keys[seq] == key }); got != want || !found {
			t.Errorf("%s is at %d, %t, want %d", key, got, found, want)
		}
		x.remove([]byte(key), want)
		if _, found := x.find([]byte(key), func(seq uint64) bool { return keys[seq] == key }); found {
			t.Errorf("%s is still there", key)
		}
	}
}
