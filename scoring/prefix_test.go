package scoring

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPrefixOf(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.7":                  "203.0.113.7/32",
		"::ffff:203.0.113.7":           "203.0.113.7/32",
		"2001:db8:1:2:3:4:5:6":         "2001:db8:1:2::/64",
		"2001:db8::":                   "2001:db8::/64",
		"fe80::1%eth0":                 "fe80::/64",
		"::1":                          "::/64",
		"ffff:ffff:ffff:ffff:ffff::ff": "ffff:ffff:ffff:ffff::/64",
	} {
		if got := PrefixOf(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

// Nodes and ledgers of all versions must agree on shards: these are pinned.
func TestShardOf_pinned(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]int{
		"0.0.0.0/32":          0,
		"0.0.0.1/32":          9,
		"203.0.113.7/32":      14,
		"203.0.113.8/32":      8,
		"255.255.255.255/32":  14,
		"2001:db8::/64":       6,
		"2001:db8:0:1::/64":   0,
		"2a00:1450:4001::/64": 14,
	} {
		if got := ShardOf(netip.MustParsePrefix(prefix)); got != want {
			t.Errorf("%s: shard %d, want %d", prefix, got, want)
		}
	}
}

func TestScoredKey_roundTripAndOrder(t *testing.T) {
	t.Parallel()
	prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
		if rapid.Bool().Draw(t, "v6") {
			return PrefixOf(netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "addr"))))
		}
		return PrefixOf(netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "addr"))))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := prefix.Draw(t, "a"), prefix.Draw(t, "b")
		k, ok := keyOfScored(a)
		if !ok || k.prefix() != a || k.addr() != a.Addr() || k.shard() != ShardOf(a) {
			t.Fatalf("%s became %s in shard %d", a, k.prefix(), k.shard())
		}
		if got, want := k.compare(keyOf(b.Addr())), a.Addr().Compare(b.Addr()); got != want {
			t.Fatalf("%s against %s: %d, want %d", a, b, got, want)
		}
	})
}

func TestSpecial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		addr string
		want string // part of the name; none: ordinary
	}{
		{"0.0.0.0", "0.0.0.0/8"},
		{"0.255.255.255", "0.0.0.0/8"},
		{"1.0.0.0", ""},
		{"9.255.255.255", ""},
		{"10.0.0.0", "10.0.0.0/8"},
		{"10.255.255.255", "10.0.0.0/8"},
		{"11.0.0.0", ""},
		{"100.63.255.255", ""},
		{"100.64.0.0", "100.64.0.0/10"},
		{"100.127.255.255", "100.64.0.0/10"},
		{"100.128.0.0", ""},
		{"126.255.255.255", ""},
		{"127.0.0.1", "loopback"},
		{"127.255.255.255", "loopback"},
		{"128.0.0.0", ""},
		{"169.253.255.255", ""},
		{"169.254.0.0", "169.254.0.0/16"},
		{"169.255.0.0", ""},
		{"172.15.255.255", ""},
		{"172.16.0.0", "172.16.0.0/12"},
		{"172.31.255.255", "172.16.0.0/12"},
		{"172.32.0.0", ""},
		{"192.167.255.255", ""},
		{"192.168.0.0", "192.168.0.0/16"},
		{"192.169.0.0", ""},
		{"223.255.255.255", ""},
		{"224.0.0.0", "224.0.0.0/3"},
		{"239.1.2.3", "224.0.0.0/3"},
		{"255.255.255.255", "224.0.0.0/3"},
		// Documentation ranges are ordinary.
		{"192.0.2.1", ""},
		{"198.51.100.1", ""},
		{"203.0.113.1", ""},
		{"2001:db8::1", ""},
		// IPv4 in its IPv6 dresses.
		{"::ffff:10.0.0.1", "10.0.0.0/8"},
		{"::ffff:203.0.113.7", ""},
		{"2002:a00:1::1", "10.0.0.0/8"},
		{"2002:7f00:1::", "loopback"},
		{"2002:cb00:7107::1", ""},
		{"64:ff9b::203.0.113.7", "NAT64"},
		{"64:ff9b:1::1", "local NAT64"},
		{"64:ff9b:2::1", ""},
		{"2001::1", "Teredo"},
		{"2001:0:ffff::1", "Teredo"},
		{"2001:1::1", ""},
		{"::", "::/64"},
		{"::1", "::/64"},
		{"::203.0.113.7", "::/64"},
		{"0:0:0:1::", ""},
		{"fe80::1", "fe80::/10"},
		{"fe80::1%eth0", "fe80::/10"},
		{"febf::1", "fe80::/10"},
		{"fec0::1", ""},
		{"fc00::1", "fc00::/7"},
		{"fdff::1", "fc00::/7"},
		{"fbff::1", ""},
		{"ff02::1", "ff00::/8"},
		{"2a00:1450:4001:800::200e", ""},
	} {
		name, is := Special(netip.MustParseAddr(c.addr))
		if is != (c.want != "") || !strings.Contains(name, c.want) {
			t.Errorf("%s: %q %t, want %q", c.addr, name, is, c.want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, addr, prefix string }{
		{"203.0.113.7", "203.0.113.7", "203.0.113.7/32"},
		{"203.0.113.7/32", "203.0.113.7", "203.0.113.7/32"},
		{"::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7/32"},
		{"::ffff:203.0.113.7/128", "203.0.113.7", "203.0.113.7/32"},
		{"2001:db8::7", "2001:db8::7", "2001:db8::/64"},
		{"2001:db8::7/64", "2001:db8::7", "2001:db8::/64"},
		{"2001:db8::7/128", "2001:db8::7", "2001:db8::/64"},
	} {
		addr, prefix, err := ParseTarget(c.text)
		if err != nil || addr.String() != c.addr || prefix.String() != c.prefix {
			t.Errorf("%s: %s, %s, %v", c.text, addr, prefix, err)
		}
	}
	for _, c := range []struct{ text, fault string }{
		{"", "want an IPv4 or IPv6 address"},
		{"example.org", "want an IPv4 or IPv6 address"},
		{"203.0.113.007", "want an IPv4 or IPv6 address"},
		{"203.0.113.7:22", "want an IPv4 or IPv6 address"},
		{"[2001:db8::7]", "want an IPv4 or IPv6 address"},
		{" 203.0.113.7", "want an IPv4 or IPv6 address"},
		{"fe80::1%eth0", "zone"},
		{"203.0.113.0/24", "ranges are not taken"},
		{"2001:db8::/48", "ranges are not taken"},
		{"2001:db8::/65", "ranges are not taken"},
		{"::ffff:203.0.113.7/32", "ranges are not taken"},
		{"0.0.0.0/0", "ranges are not taken"},
	} {
		if _, _, err := ParseTarget(c.text); err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%q: %v, want a fault with %q", c.text, err, c.fault)
		}
	}
}

// Keys are as special as their addresses: each first octet, with what special
// ranges go on with and with anything.
func TestScoredKey_special(t *testing.T) {
	t.Parallel()
	rests := []uint64{0, 0x9bff9b0000000000, 0x0100000000000000, 0x02c0000200000000, 0x020a000000000000, 0x8000000000000000, ^uint64(0)}
	for octet := range uint64(256) {
		for _, rest := range rests {
			for _, k := range []scoredKey{{n: octet<<24 | rest>>40}, {n: octet<<56 | rest>>8, v6: true}} {
				if _, want := Special(k.addr()); k.special() != want {
					t.Errorf("%s is special: %t, want %t", k.addr(), k.special(), want)
				}
			}
		}
	}
}
