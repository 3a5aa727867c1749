//go:build !race

package scoring

import (
	"net/netip"
	"testing"
)

// The race detector allocates by itself, so this is pinned without it.
func TestScoreboard_Verdict_allocatesNothing(t *testing.T) {
	b := newBoard(t, anyFifty(), Rule{Threshold: 40, Categories: 1 << 3})
	exempted := netip.MustParseAddr("198.51.100.1")
	ended := netip.MustParseAddr("198.51.100.2")
	v6 := netip.MustParseAddr("2001:db8::1")
	for _, addr := range []netip.Addr{alice, exempted, ended, v6} {
		for reporter := range 10 {
			b.Apply(epoch, by(ReporterNumber(reporter+1), incident(addr, ID(reporter), mailAuth, 10, 100)))
		}
	}
	b.SetExemptions(epoch, []Exemption{
		{Prefix: netip.PrefixFrom(exempted, 32)},
		{Prefix: netip.PrefixFrom(ended, 32), Expires: at(5)},
	})
	for _, addr := range []netip.Addr{alice, exempted, v6, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:203.0.113.7")} {
		for rule := range 2 {
			if n := testing.AllocsPerRun(100, func() { b.Verdict(addr, rule, at(1)) }); n != 0 {
				t.Errorf("rule %d on %s: %v allocations", rule, addr, n)
			}
		}
	}
}
