//go:build !race

package sshd_test

import "testing"

// Nearly all lines of a log are ignored, so ignoring must cost no garbage.
func TestRecogniser_ignored_doesNotAllocate(t *testing.T) {
	recogniser, lines := hardRecogniser(t), ordinary()
	if allocs := testing.AllocsPerRun(10, func() {
		for _, line := range lines {
			recogniser.Recognise(line)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for %d ignored lines, want none", allocs, len(lines))
	}
}
