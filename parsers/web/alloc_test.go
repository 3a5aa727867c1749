//go:build !race

package web_test

import "testing"

// Nearly all lines of a log are ignored, so ignoring must cost no garbage; on
// a site with WordPress too.
func TestRecogniser_ignored_doesNotAllocate(t *testing.T) {
	asset := []byte(`blog.example 203.0.113.9 - - [22/Nov/2026:10:00:00 +0000] "GET /wp-includes/a.js HTTP/2.0" 200 1834 "-" "-"`)
	recogniser, lines := newRecogniser(t), append(ordinary(), asset)
	if allocs := testing.AllocsPerRun(10, func() {
		for _, line := range lines {
			recogniser.Recognise(line)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for %d ignored lines, want none", allocs, len(lines))
	}
}
