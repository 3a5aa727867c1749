package scoring

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// Few entries and many, keys that are spread and keys that crowd: the order is
// that of the keys.
func TestSortStaged(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for name, key := range map[string]func() uint64{
		"32 bits": func() uint64 { return uint64(r.Uint32()) },
		"64 bits": r.Uint64,
		"crowded": func() uint64 { return 0xcb007100 + r.Uint64N(1<<16) },
		"equal":   func() uint64 { return 7 },
	} {
		for _, n := range []int{0, 1, radixFrom - 1, radixFrom, 3 * radixFrom} {
			t.Run(name+"/"+strconv.Itoa(n), func(t *testing.T) {
				entries := make([]stagedEntry, n)
				for i := range entries {
					entries[i] = stagedEntry{key: key(), only: step{until: uint32(i)}}
				}
				want := slices.Clone(entries)
				slices.SortFunc(want, func(a, b stagedEntry) int {
					return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.only.until, b.only.until))
				})
				got := sortStaged(entries, 64)
				if n < radixFrom { // among equal keys, any order
					for i := range got {
						got[i].only, want[i].only = step{}, step{}
					}
				}
				if !slices.Equal(got, want) {
					t.Error("out of order")
				}
			})
		}
	}
}
