package lists_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/reportapi/lists"
)

// ranged are a range with an address within, and the same of IPv6.
func ranged() []lists.Entry {
	entry := func(prefix string, hours int, codes ...byte) lists.Entry {
		return lists.Entry{
			Prefix: netip.MustParsePrefix(prefix), Score: 50, Reporters: 1, Categories: []string{"ssh"}, Until: head().Now.Add(time.Duration(hours) * time.Hour),
			Codes: codes, Text: "listed", TTL: 300,
		}
	}
	return []lists.Entry{
		entry("192.0.2.0/30", 1, 2, 3), entry("192.0.2.1/32", 2, 2, 4), entry("198.51.100.0/24", 1, 2),
		entry("2001:db8::/62", 2, 2, 3), entry("2001:db8:0:1::/64", 1, 2),
	}
}

// Where a range may stand beside what lies within, both do; where not, the range
// stands as what is left of it.
func TestFormat_Write_of_ranges(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"plain":      "192.0.2.0/30\n192.0.2.1\n198.51.100.0/24\n2001:db8::/62\n2001:db8:0:1::/64\n",
		"nginx-deny": "deny 192.0.2.0/30;\ndeny 192.0.2.1;\ndeny 198.51.100.0/24;\ndeny 2001:db8::/62;\ndeny 2001:db8:0:1::/64;\n",
		"ndjson":     `{"prefix":"198.51.100.0/24","score":50,"reporters":1,"categories":["ssh"],"until":"2026-11-22T11:00:00Z"}` + "\n",
		"f5":         "192.0.2.0,30,bl,ssh\n192.0.2.1,32,bl,ssh\n",
		"ipset":      "add penaltybox4-new 192.0.2.0/30 timeout 3600 -exist\nadd penaltybox4-new 192.0.2.1 timeout 7200 -exist\n",
		"mikrotik":   "address=192.0.2.0/30 timeout=1h} on-error={}\n",
		"nftables":   "{\n192.0.2.0 timeout 3600s,\n192.0.2.1 timeout 7200s,\n192.0.2.2 timeout 3600s,\n192.0.2.3 timeout 3600s,\n198.51.100.0 timeout 3600s,\n",
		"rpz":        "30.0.2.0.192.rpz-ip CNAME .\n32.1.2.0.192.rpz-ip CNAME .\n",
		"rbldnsd":    "192.0.2.0 :127.0.0.2:listed\n192.0.2.0 :127.0.0.3:\n192.0.2.1 :127.0.0.2:listed\n192.0.2.1 :127.0.0.3:\n192.0.2.1 :127.0.0.4:\n192.0.2.2/31 :127.0.0.2:listed\n",
		"zone":       "*.100.51.198 300 IN A 127.0.0.2\n*.100.51.198 300 IN TXT \"listed\"\n*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 300 IN A 127.0.0.2\n",
	} {
		format, _ := lists.Named(name)
		var b strings.Builder
		if err := format.Write(&b, head(), slices.Values(ranged())); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %s, %v; want %q within", name, b.String(), err, want)
		}
	}
	format, _ := lists.Named("nftables")
	wide := head()
	wide.Wide = true
	var b strings.Builder
	if err := format.Write(&b, wide, slices.Values(ranged())); err != nil || !strings.Contains(b.String(), "192.0.2.2/31 timeout 3600s,\n198.51.100.0/24 timeout 3600s\n") {
		t.Errorf("with intervals: %s, %v", b.String(), err)
	}
}

// What comes out has nothing in common, and of each address tells the longest end
// of what held it.
func TestDisjoint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := map[netip.Prefix]lists.Entry{}
		for range rapid.IntRange(0, 12).Draw(t, "count") {
			addr := netip.AddrFrom4([4]byte{203, 0, 113, byte(rapid.IntRange(0, 31).Draw(t, "host"))})
			p := netip.PrefixFrom(addr, rapid.SampledFrom([]int{32, 31, 29, 27}).Draw(t, "bits")).Masked()
			set[p] = lists.Entry{Prefix: p, Until: head().Now.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "hours")) * time.Hour)}
		}
		var sorted []lists.Entry
		for _, e := range set {
			sorted = append(sorted, e)
		}
		slices.SortFunc(sorted, func(a, b lists.Entry) int { return a.Prefix.Compare(b.Prefix) })
		until := map[netip.Addr]time.Time{}
		var before netip.Prefix
		for e := range lists.Disjoint(slices.Values(sorted)) {
			if before.IsValid() && (before.Overlaps(e.Prefix) || before.Compare(e.Prefix) > 0) {
				t.Fatalf("%s follows %s", e.Prefix, before)
			}
			before = e.Prefix
			for addr := e.Prefix.Addr(); e.Prefix.Contains(addr); addr = addr.Next() {
				until[addr] = e.Until
			}
		}
		for addr := netip.MustParseAddr("203.0.113.0"); addr.As4()[3] < 32; addr = addr.Next() {
			var want time.Time
			for _, e := range sorted {
				if e.Prefix.Contains(addr) && e.Until.After(want) {
					want = e.Until
				}
			}
			if !until[addr].Equal(want) {
				t.Fatalf("%s until %s, want %s", addr, until[addr], want)
			}
		}
	})
}

// A listed range stands as it is among networks that addresses are gathered into,
// for what lies within too.
func TestAggregation_Over_ranges(t *testing.T) {
	t.Parallel()
	var got []string
	for e := range (lists.Aggregation{Bits4: 30, Min: 1}).Over(slices.Values(ranged()[:3]), func(netip.Prefix) bool { return false }) {
		got = append(got, e.Prefix.String()+" "+e.Until.Format(time.TimeOnly))
	}
	if want := []string{"192.0.2.0/30 12:00:00", "198.51.100.0/24 11:00:00"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
