package scoring

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A clock in doubt loses nothing: what a sweep found expired is there again
// when the clock is put right.
func TestScoreboard_Sweep_withoutPurgeKeeps(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 100))
	b.Sweep(at(1_000_000), false)
	if b.Stats().Listed[0] != 0 || b.Count(PrefixOf(alice)) != 1 {
		t.Fatal("want it delisted and held")
	}
	b.Recheck(at(10))
	if b.Stats().Listed[0] != 1 || !b.Verdict(alice, 0, at(10)).Listed {
		t.Fatal("want it listed again")
	}
	b.Sweep(at(100), false)
	b.Sweep(at(101), true)
	if b.Count(PrefixOf(alice)) != 0 {
		t.Fatal("want it purged at last")
	}
}

// Guards Recheck's choice of what to keep: a purge may take away what made an
// amended incident needless, and a clock put back makes it count again.
func TestScoreboard_Recheck_afterPurge(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.Apply(epoch,
		incident(alice, 1, hackedHost, 50, 10),
		amended(incident(alice, 2, hackedHost, 50, 30), 1, func(a *Amendment) { a.Expires = at(5) }),
	)
	b.Sweep(at(12), true)
	b.Recheck(at(3))
	if v := b.Verdict(alice, 0, at(3)); !v.Listed || v.Until != at(5) {
		t.Fatalf("listed %t until %s, want until %s", v.Listed, v.Until, at(5))
	}
}

// Many more places than a batch expire in one second.
func TestScoreboard_Sweep_massExpiry(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	const n = 3 * sweepBatch * Shards
	for i := range n {
		b.Apply(epoch, incident(scattered(i), 1, hackedHost, 50, 10))
	}
	b.Sweep(at(10), true)
	if s := b.Stats(); s.Listed[0] != 0 || s.Incidents != 0 || s.Version != 2*n {
		t.Fatalf("stats: %+v", s)
	}
}

func TestDueHeap_popsTheEarliest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var heap dueHeap[uint32]
		var sorted []second
		for i := range rapid.IntRange(0, 100).Draw(t, "steps") {
			if len(sorted) > 0 && rapid.IntRange(0, 2).Draw(t, "pop") == 0 {
				if got := heap.pop().at; got != sorted[0] {
					t.Fatalf("popped %d of %v", got, sorted)
				}
				sorted = sorted[1:]
				continue
			}
			at := rapid.Uint32Range(0, 30).Draw(t, "at")
			heap.push(dueEntry[uint32]{at, uint32(i)})
			sorted = append(sorted, at)
			slices.Sort(sorted)
		}
	})
}
