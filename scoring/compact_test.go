package scoring

import (
	"sync"
	"testing"
)

// What is written while an index is moved is neither lost nor found as it was
// before, and readers find what is there throughout.
func TestIndex_Compact_meanwhile(t *testing.T) {
	t.Parallel()
	const keys, rounds = 3000, 20 // of one bucket, which forks, and of many
	x := newIndex()
	key := func(i int) scoredKey {
		if i%2 == 0 {
			return scoredKey{n: 0xcb00_0000 | uint64(i)}
		}
		return scoredKey{n: uint64(i) << 16}
	}
	for i := range keys {
		x.set(key(i), []step{{1, 1}})
	}
	var working sync.WaitGroup
	working.Go(func() {
		for round := range rounds {
			for i := range keys {
				x.set(key(i), []step{{1, second(round + 2)}})
			}
		}
	})
	collected := 0
	for range rounds {
		x.Compact(func() { collected++ })
		for i := range keys {
			if got := x.steps(nil, key(i)); len(got) != 1 {
				t.Fatalf("%x is gone", key(i).n)
			}
		}
	}
	working.Wait()
	if collected != 2*rounds {
		t.Errorf("collected %d times, want twice each round", collected)
	}
	for i := range keys {
		if got := x.steps(nil, key(i)); len(got) != 1 || got[0].until != rounds+1 {
			t.Fatalf("steps of %x: %v, want those written last", key(i).n, got)
		}
	}
}
