package protect_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"plain lines", "203.0.113.0/24\n198.51.100.7\n2001:db8::/32\n", "198.51.100.7/32; 203.0.113.0/24; 2001:db8::/32"},
		{"comments", "# ours\n\n; theirs\n203.0.113.0/24 # the office\r\n", "203.0.113.0/24 (the office)"},
		{"byte order mark, no last newline", "\xef\xbb\xbf203.0.113.0/24", "203.0.113.0/24"},
		{"host bits and mapped", "203.0.113.7/24\n::ffff:198.51.100.7\n", "198.51.100.7/32; 203.0.113.0/24"},
		{"two addresses of one /64", "2001:db8::1\n2001:db8::2\n", "2001:db8::/64"},
		{"as wide as may be", "11.0.0.0/8\n2001::/16\n", "11.0.0.0/8; 2001::/16"},
		{"MISP", `{"name":"a CDN","version":20260131,"type":"cidr","matching_attributes":["ip-src"],"list":["203.0.113.0/24","198.51.100.7"]}`, "a CDN of 2026-01-31: 198.51.100.7/32; 203.0.113.0/24"},
		{"MISP without a day", ` {"list":["203.0.113.0/24"],"version":7}`, "203.0.113.0/24"},
		{"CSV", "203.0.113.0/24,2027-01-31,the office\n198.51.100.7,,\n", "198.51.100.7/32; 203.0.113.0/24 (the office) until 2027-02-01T00:00:00Z"},
		{"CSV with names", "comment,note,ip,expires\n\"a, b\",x,203.0.113.7,2027-01-31T12:00:00Z\n", "203.0.113.7/32 (a, b) until 2027-01-31T12:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			list, err := protect.Read([]byte(test.text), false)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(list); got != test.want {
				t.Errorf("read %s\nwant %s", got, test.want)
			}
		})
	}
}

// show writes a list as the tables do.
func show(list protect.List) string {
	var shown []string
	for _, p := range list.Prefixes {
		text := p.Prefix.String()
		if p.Comment != "" {
			text += " (" + p.Comment + ")"
		}
		if !p.Expires.IsZero() {
			text += " until " + p.Expires.Format(time.RFC3339)
		}
		shown = append(shown, text)
	}
	head := list.Title
	if !list.Date.IsZero() {
		head += " of " + list.Date.Format(time.DateOnly)
	}
	if head != "" {
		head += ": "
	}
	return head + strings.Join(shown, "; ")
}

// A list that is broken, hostile or simply another file is refused whole, and
// what is wrong is told by its line.
func TestRead_refused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"nothing", "", "holds no prefix"},
		{"comments alone", "# nothing\n", "holds no prefix"},
		{"a page about an error", "<html>\n<title>404</title>\n", `line 1: "<html>": is no address`},
		{"host name", "203.0.113.0/24\n\nexample.org\n", `line 3: "example.org": is no address; host names are not resolved`},
		{"all of IPv4", "203.0.113.0/24\n0.0.0.0/0\n", `line 2: "0.0.0.0/0": would protect a large part`},
		{"all of IPv6", "::/0\n", "would protect a large part"},
		{"half of a /8", "10.0.0.0/7\n", "would protect a large part"},
		{"IPv6 wider than /16", "2000::/15\n", "would protect a large part"},
		{"all of IPv4, mapped", "::ffff:0:0/96\n", "would protect a large part"},
		{"more than mapped", "::ffff:0:0/95\n", "is no address or prefix"},
		{"twice", "203.0.113.0/24\n# again:\n203.0.113.9/24\n", `line 3: "203.0.113.9/24": stands in line 1 already`},
		{"an interface", "fe80::1%eth0\n", "names an interface"},
		{"a number of bits too many", "203.0.113.0/33\n", "is no address or prefix"},
		{"cut within MISP", "{\"name\":\"x\",\n\"list\":[\"203.0.113.0/24\",\n\"198.51", "line 3: broken JSON: it ends in the middle"},
		{"cut after an element", "{\"list\":[\"203.0.113.0/24\"", "broken JSON: it ends in the middle"},
		{"wrong JSON", "{\"list\":\n[\"203.0.113.0/24\",]}", "line 2: broken JSON"},
		{"a bare array", `["203.0.113.0/24"]`, "line 1: is no JSON object"},
		{"no list", `{"name":"x","type":"cidr"}`, `has no "list"`},
		{"list of another sort", `{"list":"203.0.113.0/24"}`, `"list" is no JSON array`},
		{"element of another sort", "{\"list\":[\"203.0.113.0/24\",\n7]}", "line 2: stands in the list"},
		{"a list of names", `{"type":"hostname","list":["203.0.113.0/24"]}`, `"hostname": is no type of addresses`},
		{"names in a list", "{\"list\":[\n\"203.0.113.0/24\",\n\"example.org\"]}", `line 3: "example.org": is no address`},
		{"two lists", `{"list":["203.0.113.0/24"],"list":["198.51.100.7"]}`, "given twice"},
		{"two objects", `{"list":["203.0.113.0/24"]} {}`, "something follows"},
		{"CSV with a wrong day", "203.0.113.0/24,tomorrow,x\n", `line 1: "tomorrow": is no expiry`},
		{"CSV with a wrong address", "prefix,expires\n203.0.113.0/24,\nexample.org,\n", `line 3: "example.org"`},
		{"CSV with an open quote", "203.0.113.0/24,,x\n198.51.100.7,,\"open\n", "broken CSV"},
		{"compressed", "\x1f\x8b\x08\x00", "it is compressed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			list, err := protect.Read([]byte(test.text), false)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("read %s, error %v; want %q", show(list), err, test.want)
			}
			_, err = protect.Read([]byte(test.text), true)
			if forced := strings.Contains(test.want, "large part"); (err == nil) != forced {
				t.Errorf("forced: %v", err)
			}
		})
	}
}

// A million lines of nonsense cost no more than the first few, and the error
// stays short.
func TestRead_nonsense(t *testing.T) {
	t.Parallel()
	_, err := protect.Read([]byte(strings.Repeat("nonsense\n", 1_000_000)), false)
	faults, ok := errors.AsType[protect.Faults](err)
	if !ok || len(faults) != 10 || faults[9].Line != 10 || len(err.Error()) > 1000 {
		t.Errorf("%d faults in %d bytes: %v", len(faults), len(err.Error()), err)
	}
}

func TestRead_tooMany(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range protect.MaxPrefixes + 1 {
		fmt.Fprintf(&text, "%s\n", netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if _, err := protect.Read([]byte(text.String()), false); err == nil || !strings.Contains(err.Error(), "line 250001: more than the 250000 prefixes") {
		t.Errorf("error %v", err)
	}
}

// Whatever is read as a list can be packed and read again, and an error never
// comes with a list.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.0/24 # ours\n", "203.0.113.0/24,2027-01-31,x\n", `{"list":["203.0.113.0/24"],"version":20260131}`, "{\"list\":[", "a,b\n\"", "::1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := protect.Read(text, false)
		if err != nil {
			if len(list.Prefixes) > 0 {
				t.Fatalf("error %v, and %d prefixes", err, len(list.Prefixes))
			}
			return
		}
		for _, p := range list.Prefixes {
			if p.Prefix != p.Prefix.Masked() || protect.TooWide(p.Prefix) || p.Prefix.Bits() > scoring.PrefixOf(p.Prefix.Addr()).Bits() {
				t.Fatalf("%s is not as it is to be kept", p.Prefix)
			}
		}
		packed, err := protect.Pack(list.Prefixes)
		if err != nil {
			t.Fatal(err)
		}
		again, err := protect.Unpack(packed)
		if err != nil || !slices.Equal(again, list.Prefixes) {
			t.Fatalf("unpacked %v, %v; want %v", again, err, list.Prefixes)
		}
	})
}
