package lists_test

import (
	"encoding/csv"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/reportapi/lists"
)

// head is that of a list made 30 days before the entries end.
func head() lists.Head {
	return lists.Head{Zone: zone(), Now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
}

const (
	nftHead = `table inet penaltybox {
	set listed4 { type ipv4_addr; flags timeout; }
	set listed6 { type ipv6_addr; flags interval, timeout; }
}
flush set inet penaltybox listed4
flush set inet penaltybox listed6
`
	ipsetHead = `create penaltybox4 hash:net family inet timeout 0 maxelem 16777216 -exist
create penaltybox4-new hash:net family inet timeout 0 maxelem 16777216 -exist
flush penaltybox4-new
create penaltybox6 hash:net family inet6 timeout 0 maxelem 16777216 -exist
create penaltybox6-new hash:net family inet6 timeout 0 maxelem 16777216 -exist
flush penaltybox6-new
`
	ipsetFoot    = "swap penaltybox4 penaltybox4-new\ndestroy penaltybox4-new\nswap penaltybox6 penaltybox6-new\ndestroy penaltybox6-new\n"
	mikrotikHead = `/ip/firewall/address-list/remove [find list="penaltybox-new"]
/ipv6/firewall/address-list/remove [find list="penaltybox-new"]
`
	mikrotikFoot = `/ip/firewall/address-list/remove [find list=penaltybox]
:do {/ip/firewall/address-list/set [find list="penaltybox-new"] list=penaltybox} on-error={:foreach e in=[/ip/firewall/address-list/find list="penaltybox-new"] do={:do {/ip/firewall/address-list/add list=penaltybox address=[/ip/firewall/address-list/get $e address] timeout=[/ip/firewall/address-list/get $e timeout]} on-error={}}}
/ip/firewall/address-list/remove [find list="penaltybox-new"]
/ipv6/firewall/address-list/remove [find list=penaltybox]
:do {/ipv6/firewall/address-list/set [find list="penaltybox-new"] list=penaltybox} on-error={:foreach e in=[/ipv6/firewall/address-list/find list="penaltybox-new"] do={:do {/ipv6/firewall/address-list/add list=penaltybox address=[/ipv6/firewall/address-list/get $e address] timeout=[/ipv6/firewall/address-list/get $e timeout]} on-error={}}}
/ipv6/firewall/address-list/remove [find list="penaltybox-new"]
`
	csvHead = "ip,points,reporters,expires,categories\n"
)

func TestFormat_Write_for_firewalls_and_servers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"cidr":   {"", "192.0.2.10/32\n2001:db8::/64\n"},
		"csv":    {csvHead, csvHead + "192.0.2.10,60,2,2026-12-22T10:00:00Z,forum ssh\n2001:db8::/64,50,1,2026-12-22T10:00:00Z,\n"},
		"ndjson": {"", `{"ip":"192.0.2.10","score":60,"reporters":2,"categories":["forum","ssh"],"until":"2026-12-22T10:00:00Z"}` + "\n" + `{"prefix":"2001:db8::/64","score":50,"reporters":1,"categories":[],"until":"2026-12-22T10:00:00Z"}` + "\n"},
		"nftables": {nftHead, nftHead + "add element inet penaltybox listed4 {\n192.0.2.10 timeout 2592000s\n}\n" +
			"add element inet penaltybox listed6 {\n2001:db8::/64 timeout 2592000s\n}\n"},
		"ipset": {ipsetHead + ipsetFoot, ipsetHead + "add penaltybox4-new 192.0.2.10 timeout 2147483 -exist\n" +
			"add penaltybox6-new 2001:db8::/64 timeout 2147483 -exist\n" + ipsetFoot},
		"nginx-deny":   {"", "deny 192.0.2.10;\ndeny 2001:db8::/64;\n"},
		"nginx-geo":    {"", "192.0.2.10/32 1;\n2001:db8::/64 1;\n"},
		"apache":       {"", "Require not ip 192.0.2.10\nRequire not ip 2001:db8::/64\n"},
		"haproxy-acl":  {"", "192.0.2.10\n2001:db8::/64\n"},
		"haproxy-map":  {"", "192.0.2.10 forum,ssh\n2001:db8::/64 listed\n"},
		"postfix-cidr": {"", "192.0.2.10/32 REJECT listed by bl.example\n2001:db8::/64 REJECT listed by bl.example\n"},
		"mikrotik": {mikrotikHead + mikrotikFoot, mikrotikHead + ":do {/ip/firewall/address-list/add list=\"penaltybox-new\" address=192.0.2.10 timeout=30d} on-error={}\n" +
			":do {/ipv6/firewall/address-list/add list=\"penaltybox-new\" address=2001:db8::/64 timeout=30d} on-error={}\n" + mikrotikFoot},
		"f5": {"", "192.0.2.10,32,bl,forum\n2001:db8::,64,bl,\n"},
	} {
		format, known := lists.Named(name)
		if !known {
			t.Fatalf("format %q is not known", name)
		}
		for i, list := range [][]lists.Entry{nil, entries()} {
			var b strings.Builder
			if err := format.Write(&b, head(), slices.Values(list)); err != nil || b.String() != want[i] {
				t.Errorf("%s: %q, %v; want %q", name, b.String(), err, want[i])
			}
		}
	}
}

// A list of one family leaves the sets of the other alone.
func TestFormat_Write_of_one_family(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nftables", "ipset", "mikrotik"} {
		for family, other := range map[int]*regexp.Regexp{4: regexp.MustCompile(`listed6|penaltybox6|ipv6`), 6: regexp.MustCompile(`listed4|penaltybox4|/ip/`)} {
			format, _ := lists.Named(name)
			of := head()
			of.Family = family
			var b strings.Builder
			if err := format.Write(&b, of, slices.Values(entries()[family/6:][:1])); err != nil || other.MatchString(b.String()) {
				t.Errorf("%s of family %d: %s, %v", name, family, b.String(), err)
			}
		}
	}
}

// Who is rejected is told where to ask, as DNS tells it.
func TestFormat_Write_contact(t *testing.T) {
	t.Parallel()
	format, _ := lists.Named("postfix-cidr")
	with := head()
	for contact, want := range map[string]string{
		"https://box.example/lookup?zone=a&b=%20#top": ", see https://box.example/lookup?zone=a&b=%20#top",
		" mail abuse@example.org ":                    ", see mail abuse@example.org",
		"$(id)\n\"`":                                  ", see (id)",
		"\n":                                          "",
	} {
		with.Zone.Contact = contact
		var b strings.Builder
		if err := format.Write(&b, with, slices.Values(entries()[:1])); err != nil || b.String() != "192.0.2.10/32 REJECT listed by bl.example"+want+"\n" {
			t.Errorf("with contact %q: %q, %v", contact, b.String(), err)
		}
	}
}

// What remains is never nothing and never more than a program takes.
func TestFormat_Write_timeouts(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]map[string]string{
		-time.Hour:                           {"nftables": "timeout 1s", "ipset": "timeout 1 ", "mikrotik": "timeout=1s}"},
		90061 * time.Second:                  {"nftables": "timeout 90061s", "ipset": "timeout 90061 ", "mikrotik": "timeout=1d1h1m1s}"},
		25*24*time.Hour - 30*time.Minute:     {"ipset": "timeout 2147483 ", "mikrotik": "timeout=24d23h30m}"},
		time.Duration(2147483) * time.Second: {"ipset": "timeout 2147483 "},
		time.Duration(2147482) * time.Second: {"ipset": "timeout 2147482 "},
		20 * 365 * 24 * time.Hour:            {"nftables": "timeout 630720000s", "ipset": "timeout 2147483 ", "mikrotik": "timeout=7300d}"},
	} {
		for name, text := range want {
			format, _ := lists.Named(name)
			e := entries()[0]
			e.Until = head().Now.Add(left)
			var b strings.Builder
			if err := format.Write(&b, head(), slices.Values([]lists.Entry{e})); err != nil || !strings.Contains(b.String(), text) {
				t.Errorf("%s with %s left: %s, %v", name, left, b.String(), err)
			}
		}
	}
}

// No RouterOS runs here, so its script is held to the grammar alone: a path of
// menus, a verb, and properties without anything to quote; an address that the
// router refuses ends nothing; and the list in use is touched after everything
// else, so that an import that breaks off leaves it as it is.
func TestFormat_mikrotik_is_RouterOS(t *testing.T) {
	t.Parallel()
	aside := regexp.MustCompile(`^(/(ip|ipv6)/firewall/address-list/remove \[find list="penaltybox-new"\]|:do \{/(ip|ipv6)/firewall/address-list/add list="penaltybox-new" address=[0-9a-f.:]+(/[0-9]+)? timeout=([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?\} on-error=\{\})$`)
	format, _ := lists.Named("mikrotik")
	var b strings.Builder
	if err := format.Write(&b, head(), slices.Values(entries())); err != nil {
		t.Fatal(err)
	}
	filled, whole := strings.CutSuffix(b.String(), mikrotikFoot)
	if !whole {
		t.Errorf("it ends otherwise: %s", b.String())
	}
	for text := range strings.Lines(filled) {
		if !aside.MatchString(strings.TrimSuffix(text, "\n")) || strings.Contains(text, "timeout=}") {
			t.Errorf("line %q", text)
		}
	}
}

// Names that somebody chose badly do no harm in any format: every line stays
// what it was with good names.
func TestFormat_Write_harmless_names(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(lists.Names()).Draw(t, "format")
		format, _ := lists.Named(name)
		if format.Published {
			return // names of zones are checked where zones are read, texts are ASCII
		}
		with := head()
		with.Zone.Name = rapid.String().Draw(t, "zone")
		with.Zone.Contact = rapid.String().Draw(t, "contact") + "\n0.0.0.0/0 OK\r\u2028'"
		e := entries()[0]
		e.Categories = []string{"=" + rapid.String().Draw(t, "category"), "\",;\n$(x)`'<b>"}
		var b strings.Builder
		if err := format.Write(&b, with, slices.Values([]lists.Entry{e})); err != nil {
			t.Fatal(err)
		}
		plain := lists.Head{Now: with.Now}
		var expected strings.Builder
		if err := format.Write(&expected, plain, slices.Values(entries()[:1])); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "\n") != strings.Count(expected.String(), "\n") || strings.Count(b.String(), "$") != strings.Count(expected.String(), "$") || strings.ContainsAny(b.String(), "`<>'\\\x00\r") {
			t.Fatalf("%s becomes %q", name, b.String())
		}
		if name == "csv" {
			rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
			if err != nil || len(rows) != 2 || strings.IndexAny(rows[1][4], "=+-@") == 0 {
				t.Fatalf("%v, %v", rows, err)
			}
		}
	})
}

// Gathering names each network once, names nothing else than the listed and
// networks with enough of them, and leaves no listed address unnamed.
func TestAggregation_Over(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := map[netip.Prefix]lists.Entry{}
		for range rapid.IntRange(0, 60).Draw(t, "count") {
			addr := netip.AddrFrom4([4]byte{203, 0, byte(rapid.IntRange(0, 2).Draw(t, "network")), byte(rapid.IntRange(0, 9).Draw(t, "host"))})
			bits := 32
			if rapid.Bool().Draw(t, "v6") {
				addr, bits = netip.AddrFrom16([16]byte{0: 0x20, 5: addr.As4()[2], 7: addr.As4()[3]}), 64
			}
			p := netip.PrefixFrom(addr, bits)
			set[p] = lists.Entry{Prefix: p, Score: rapid.IntRange(50, 99).Draw(t, "score"), Reporters: 1}
		}
		var listed []lists.Entry
		for _, e := range set {
			listed = append(listed, e)
		}
		slices.SortFunc(listed, func(a, b lists.Entry) int { return a.Prefix.Compare(b.Prefix) })
		a := lists.Aggregation{
			Bits4: rapid.SampledFrom([]int{0, 24, 30, 32}).Draw(t, "bits4"), Bits6: rapid.SampledFrom([]int{0, 48, 64}).Draw(t, "bits6"),
			Min: rapid.IntRange(1, 4).Draw(t, "min"),
		}
		exempt := netip.MustParsePrefix("203.0.1.7/32")
		barred := func(p netip.Prefix) bool { return p.Overlaps(exempt) }
		var before netip.Prefix
		covered := map[netip.Prefix]int{}
		for e := range a.Over(slices.Values(listed), barred) {
			if before.IsValid() && (before.Compare(e.Prefix) >= 0 || before.Overlaps(e.Prefix)) {
				t.Fatalf("%s comes after %s", e.Prefix, before)
			}
			before = e.Prefix
			members, worst := 0, 0
			for _, member := range listed {
				if e.Prefix.Overlaps(member.Prefix) {
					members, worst = members+1, max(worst, member.Score)
					covered[member.Prefix]++
				}
			}
			_, single := set[e.Prefix]
			if !single && (members < a.Min || barred(e.Prefix)) || members == 0 || e.Score != worst || single == (e.Members > 0) || !single && e.Members != members {
				t.Fatalf("%+v names %d that are listed, of which the worst has %d", e, members, worst)
			}
			bits := a.Bits4
			if e.Prefix.Addr().Is6() {
				bits = a.Bits6
			}
			if single && bits > 0 && bits < e.Prefix.Bits() {
				network, _ := e.Prefix.Addr().Prefix(bits)
				n := 0
				for _, member := range listed {
					if network.Overlaps(member.Prefix) {
						n++
					}
				}
				if n >= a.Min && !barred(network) {
					t.Fatalf("%s stands by itself, and %s has %d", e.Prefix, network, n)
				}
			}
		}
		for p := range set {
			if covered[p] != 1 {
				t.Fatalf("%s is covered %d times", p, covered[p])
			}
		}
	})
}
