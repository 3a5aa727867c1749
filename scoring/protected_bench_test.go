package scoring

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// randomSet returns a set of random prefixes of 24 to 32 bits.
func randomSet(seed uint64, n int) ProtectedSet {
	r := rand.New(rand.NewPCG(seed, 0))
	set := ProtectedSet{Name: "random", Reason: "random", Action: NeverList}
	for range n {
		prefix := netip.PrefixFrom(randomAddr(r), 24+r.IntN(9)).Masked()
		set.Prefixes = append(set.Prefixes, ProtectedPrefix{Prefix: prefix})
	}
	return set
}

// What DNS pays for a million listed addresses when nothing is protected, and
// when a hundred thousand prefixes are: twice each in turn, because the machine
// makes more of a difference than they do.
func BenchmarkIndex_protected(b *testing.B) {
	addrs := randomAddrs(1, million)
	board := filled(b, addrs, hackedHost, 60)
	now := secondOf(epoch)
	for _, n := range []int{0, 100_000, 0, 100_000} {
		board.SetProtected(epoch, []ProtectedSet{randomSet(2, n)})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			last := uint32(0)
			for i := 0; b.Loop(); i++ {
				if found, ok := board.Index().Find4(uint32(keyOf(addrs[(i*7919+int(last))%million]).n), now); ok {
					last = found.Answer.ID
				}
			}
		})
	}
}

// A hundred thousand prefixes come to protect, and cease to, while a million
// addresses are listed; and an exemption beside them.
func BenchmarkScoreboard_SetProtected(b *testing.B) {
	board := filled(b, randomAddrs(1, million), hackedHost, 60)
	sets := []ProtectedSet{randomSet(2, 100_000)}
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			board.SetProtected(epoch, sets)
			board.SetProtected(epoch, nil)
		}
	})
	board.SetProtected(epoch, sets)
	exemption := []Exemption{{Prefix: PrefixOf(alice)}}
	b.Run("exemption", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			board.SetExemptions(epoch, exemption)
			board.SetExemptions(epoch, nil)
		}
	})
}
