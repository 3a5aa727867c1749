//go:build !race

package scoring

import (
	"net/netip"
	"testing"
)

// A query costs the garbage collector nothing, also where several steps are to
// be passed over.
func TestIndex_Find_allocatesNothing(t *testing.T) {
	b := newBoard(t, anyFifty(), Rule{Threshold: 20, Categories: AllCategories})
	bob := netip.MustParseAddr("2001:db8::1")
	for _, addr := range []netip.Addr{alice, bob} {
		b.Apply(epoch, incident(addr, 1, sshMaxauth, 20, 60), incident(addr, 2, forumSpam, 30, 30))
	}
	x, now := b.Index(), secondOf(epoch)
	four, six := keyOf(alice), keyOf(bob)
	got := testing.AllocsPerRun(100, func() {
		for _, ahead := range []second{0, 40, 80} {
			_, hit4 := x.Find4(uint32(four.n), now+ahead)
			_, hit6 := x.Find6(six.n, now+ahead)
			if listed := ahead < 60; hit4 != listed || hit6 != listed {
				t.Fatalf("at +%d s: found %t and %t", ahead, hit4, hit6)
			}
		}
		x.Find4(uint32(four.n)+1, now)
		x.Find6(six.n+1, now)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
