package scoring

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTally_likeAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var tally tally
		for range 2 { // the second time after a reset
			sums := map[ReporterNumber]uint32{}
			for range rapid.IntRange(0, 60).Draw(t, "steps") {
				reporter := ReporterNumber(rapid.Uint32Range(0, 40).Draw(t, "reporter"))
				if got := tally.get(reporter); got != sums[reporter] {
					t.Fatalf("%d of reporter %d, want %d", got, reporter, sums[reporter])
				}
				sums[reporter] += 3
				tally.set(reporter, sums[reporter])
			}
			if tally.len() != len(sums) {
				t.Fatalf("%d reporters, want %d", tally.len(), len(sums))
			}
			tally.reset()
		}
	})
}
