package scoring

import (
	"slices"
	"testing"
)

func TestPile_all(t *testing.T) {
	t.Parallel()
	var p pile[int]
	var want []int
	for n := range 5000 {
		if got := slices.Collect(p.all()); n%97 == 0 && !slices.Equal(got, want) {
			t.Fatalf("%d values: %v", n, got)
		}
		p.add(n)
		want = append(want, n)
	}
	for n := range p.all() {
		if n == 10 {
			break
		}
	}
	if p.count != len(want) {
		t.Errorf("%d values, want %d", p.count, len(want))
	}
}
