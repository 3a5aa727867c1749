package scoring

import (
	"net/netip"
	"testing"
	"time"
)

func TestExemptions_covering(t *testing.T) {
	t.Parallel()
	list := []Exemption{
		{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Reason: "wide"},
		{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Reason: "narrow", Expires: at(10)},
		{Prefix: netip.MustParsePrefix("203.0.113.9/24"), Reason: "unmasked"},
		{Prefix: netip.MustParsePrefix("2001:db8::7/128"), Reason: "host", Expires: at(10)},
		{Prefix: netip.MustParsePrefix("2001:db8::8/128"), Reason: "neighbour", Expires: at(20)},
		{Prefix: netip.MustParsePrefix("2001:db8:0:2::7/128"), Reason: "for good"},
		{Prefix: netip.MustParsePrefix("2001:db8:0:2::8/128"), Reason: "for a while", Expires: at(20)},
		{Prefix: netip.MustParsePrefix("2001:db8:8000::/33"), Reason: "half"},
		{Prefix: netip.MustParsePrefix("::ffff:192.0.2.0/120"), Reason: "mapped"},
		{Reason: "nothing"},
	}
	set := newExemptions(list, newProtected(nil))
	for _, c := range []struct {
		addr   string
		second int
		want   string // reason, or none
	}{
		{"198.51.100.1", 0, "wide"},
		{"198.51.100.7", 9, "narrow"},
		{"198.51.100.7", 10, "wide"},
		{"198.51.101.7", 0, ""},
		{"203.0.113.200", 0, "unmasked"},
		{"2001:db8::", 9, "neighbour"},
		{"2001:db8::ffff", 19, "neighbour"},
		{"2001:db8::7", 20, ""},
		{"2001:db8:0:1::7", 0, ""},
		{"2001:db8:0:2::8", 30, "for good"},
		{"2001:db8:8000::1", 0, "half"},
		{"192.0.2.200", 0, "mapped"},
		{"192.0.3.1", 0, ""},
	} {
		got := ""
		if e := set.covering(netip.MustParseAddr(c.addr), secondOf(at(c.second))); e != nil {
			got = e.Reason
		}
		if got != c.want {
			t.Errorf("%s in second %d: %q, want %q", c.addr, c.second, got, c.want)
		}
	}
}

func TestScoreboard_Exempt(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	b.SetExemptions(epoch, []Exemption{{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "ours", Expires: at(10)}})
	if e, ok := b.Exempt(netip.MustParseAddr("::ffff:203.0.113.7"), at(9)); !ok || e.Reason != "ours" {
		t.Errorf("not exempt before its end: %v", e)
	}
	if _, ok := b.Exempt(alice, at(10)); ok {
		t.Error("exempt at its end")
	}
	if b.Verdict(alice, 0, epoch).Exemption != nil {
		t.Error("a verdict names an exemption although nothing would be listed")
	}
}

// An exemption that ends lets the listing be seen without any write, and one
// that is taken away does too.
func TestScoreboard_SetExemptions_endsAndGoes(t *testing.T) {
	t.Parallel()
	b := newBoard(t, anyFifty())
	other := netip.MustParseAddr("2001:db8::1")
	b.Apply(epoch, incident(alice, 1, hackedHost, 50, 100), incident(other, 1, hackedHost, 50, 100))
	listed := func(now time.Time, want int) {
		t.Helper()
		if n := b.Stats().Listed[0]; n != want {
			t.Fatalf("%d are announced, want %d", n, want)
		}
		if n := len(b.Listings(anyFifty(), now)); n != want {
			t.Fatalf("%d are listed, want %d", n, want)
		}
	}
	listed(epoch, 2)
	b.SetExemptions(epoch, []Exemption{
		{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Expires: at(5)},
		{Prefix: netip.MustParsePrefix("2001:db8::/64")},
	})
	listed(epoch, 0)
	b.Sweep(at(4), true)
	listed(at(4), 0)
	b.Sweep(at(5), true)
	listed(at(5), 1)
	b.SetExemptions(at(6), nil)
	listed(at(6), 2)
	// The clock goes back: an exemption lives again.
	b.SetExemptions(at(7), []Exemption{{Prefix: PrefixOf(alice), Expires: at(7)}})
	listed(at(7), 2)
	b.Recheck(at(3))
	listed(at(3), 1)
	b.Sweep(at(7), true)
	listed(at(7), 2)
}
