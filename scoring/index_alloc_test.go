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

// Neither does one that a range answers, alone or beside the address itself, or
// for an address that is exempt within.
func TestIndex_Find_ofRangesAllocatesNothing(t *testing.T) {
	b := newBoard(t, anyFifty(), Rule{Threshold: 20, Categories: AllCategories})
	for _, prefix := range []string{"203.0.113.0/24", "203.0.113.0/28", "2001:db8::/48", "203.0.113.7/32", "2001:db8::/64"} {
		in := incident(alice, 1, sshMaxauth, 60, 60)
		in.Prefix = netip.MustParsePrefix(prefix)
		b.Apply(epoch, in)
	}
	b.SetExemptions(epoch, []Exemption{{Prefix: netip.MustParsePrefix("203.0.113.9/32"), Expires: at(30)}})
	x, now := b.Index(), secondOf(epoch)
	got := testing.AllocsPerRun(100, func() {
		for last, want := range map[uint32]bool{7: true, 8: true, 9: false, 200: true} {
			if _, hit := x.Find4(0xcb007100+last, now); hit != want {
				t.Fatalf("203.0.113.%d: found is %t", last, hit)
			}
		}
		if _, hit := x.Find6(0x20010db8_0000_00ff, now); !hit {
			t.Fatal("an address within 2001:db8::/48 is not found")
		}
		b.Verdict(alice, 0, epoch)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
