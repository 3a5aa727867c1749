package lists_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/reportapi/lists"
)

func entries() []lists.Entry {
	until := time.Date(2026, 12, 22, 10, 0, 0, 0, time.UTC)
	return []lists.Entry{
		{
			Prefix: netip.MustParsePrefix("192.0.2.10/32"), Score: 60, Reporters: 2, Categories: []string{"forum", "ssh"}, Until: until,
			Codes: []byte{2, 3, 5}, Text: "=192.0.2.10: $ \\ \"", TTL: 20,
		},
		{
			Prefix: netip.MustParsePrefix("2001:db8::/64"), Score: 50, Reporters: 1, Until: until.In(time.FixedZone("east", 3600)),
			Codes: []byte{2, 8}, Text: "2001:db8:: listed", TTL: 300,
		},
	}
}

// zone is what published formats tell of the zone itself.
func zone() lists.Zone {
	return lists.Zone{
		Name: "bl.example.", Mailbox: `post.master.bl.example.`, Serial: 1795341600,
		TTL: 300, NegativeTTL: 60, Refresh: 301, Retry: 61, Expire: 86401,
		Servers: []lists.Server{
			{Zone: "bl.example.", Name: "ns1.bl.example.", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")}},
			{Zone: "bl.example.", Name: "ns2.elsewhere.example."},
			{Zone: "web.bl.example.", Name: "ns1.web.bl.example.", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.54")}},
		},
		Tests: []lists.Entry{{Prefix: netip.MustParsePrefix("127.0.0.2/32"), Codes: []byte{2}, Text: "a test", TTL: 300}},
	}
}

const (
	zoneHead = `$ORIGIN bl.example.
$TTL 300
@ 60 IN SOA ns1.bl.example. post.master.bl.example. 1795341600 301 61 86401 60
bl.example. 60 IN NS ns1.bl.example.
ns1.bl.example. 60 IN A 192.0.2.53
ns1.bl.example. 60 IN AAAA 2001:db8::53
bl.example. 60 IN NS ns2.elsewhere.example.
web.bl.example. 60 IN NS ns1.web.bl.example.
ns1.web.bl.example. 60 IN A 192.0.2.54
2.0.0.127 300 IN A 127.0.0.2
2.0.0.127 300 IN TXT "a test"
2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 300 IN A 127.0.0.2
2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 300 IN TXT "a test"
`
	rbldnsdHead = `$SOA 60 ns1.bl.example post.master.bl.example 0 301 61 86401 60
$NS 60 ns1.bl.example ns2.elsewhere.example
$TTL 300
$DATASET generic @
ns1 60 A 192.0.2.53
$DATASET ip4set @
127.0.0.2 :127.0.0.2:a test
`
	rpzHead = `$TTL 300
@ IN SOA localhost. post.master.bl.example. 1795341600 301 61 86401 60
@ IN NS localhost.
`
)

func TestFormat_Write(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"plain": {"", "192.0.2.10\n2001:db8::/64\n"},
		"json": {"[]\n", `[{"ip":"192.0.2.10","score":60,"reporters":2,"categories":["forum","ssh"],"until":"2026-12-22T10:00:00Z"},` + "\n" +
			`{"prefix":"2001:db8::/64","score":50,"reporters":1,"categories":[],"until":"2026-12-22T10:00:00Z"}]` + "\n"},
		"zone": {zoneHead, zoneHead + `10.2.0.192 20 IN A 127.0.0.2
10.2.0.192 20 IN A 127.0.0.3
10.2.0.192 20 IN A 127.0.0.5
10.2.0.192 20 IN TXT "=192.0.2.10: $ \\ \""
*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 300 IN A 127.0.0.2
*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 300 IN A 127.0.0.8
*.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 300 IN TXT "2001:db8:: listed"
`},
		"rbldnsd": {rbldnsdHead, rbldnsdHead + `192.0.2.10 :127.0.0.2:==192.0.2.10: $$ \ "
192.0.2.10 :127.0.0.3:
192.0.2.10 :127.0.0.5:
$DATASET ip6trie @
2001:db8::/64 :127.0.0.2:2001:db8:: listed
$DATASET ip6trie @
2001:db8::/64 :127.0.0.8:
`},
		"rpz": {rpzHead, rpzHead + "32.10.2.0.192.rpz-ip CNAME .\n64.zz.db8.2001.rpz-ip CNAME .\n"},
	} {
		format, known := lists.Named(name)
		if !known || format.Name != name {
			t.Fatalf("format %q is not known", name)
		}
		for i, list := range [][]lists.Entry{nil, entries()} {
			var b strings.Builder
			if err := format.Write(&b, lists.Head{Zone: zone()}, slices.Values(list)); err != nil || b.String() != want[i] {
				t.Errorf("%s: %q, %v; want %q", name, b.String(), err, want[i])
			}
		}
	}
}

func TestFormats_have_names_and_types_of_their_own(t *testing.T) {
	t.Parallel()
	if usual, known := lists.Named(""); !known || usual.Name != "plain" {
		t.Errorf("the usual format is %q", usual.Name)
	}
	if _, known := lists.Named("nonsense"); known {
		t.Error("nonsense is known")
	}
	seen := map[string]bool{}
	for _, name := range lists.Names() {
		format, _ := lists.Named(name)
		if seen[name] || format.ContentType == "" {
			t.Errorf("format %q is there twice or has no type", name)
		}
		seen[name] = true
	}
}

func TestFormat_JSON_is_JSON(t *testing.T) {
	t.Parallel()
	format, _ := lists.Named("json")
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 50).Draw(t, "count")
		var b strings.Builder
		err := format.Write(&b, lists.Head{}, func(yield func(lists.Entry) bool) {
			for i := range count {
				e := entries()[i%2]
				e.Score = rapid.IntRange(1, 1<<30).Draw(t, "score")
				if !yield(e) {
					return
				}
			}
		})
		var decoded []struct{ Score int }
		if err != nil || json.Unmarshal([]byte(b.String()), &decoded) != nil || len(decoded) != count {
			t.Fatalf("%d entries of %d, %v: %s", len(decoded), count, err, b.String())
		}
	})
}

func TestFormat_Write_stops_when_the_reader_is_gone(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	format, _ := lists.Named("")
	written := 0
	err := format.Write(writer, lists.Head{}, func(yield func(lists.Entry) bool) {
		for yield(entries()[0]) {
			if written++; written > 1_000_000 {
				t.Fatal("does not stop")
			}
		}
	})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error is %v", err)
	}
}

func BenchmarkFormat_Write(b *testing.B) {
	for _, name := range lists.Names() {
		format, _ := lists.Named(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			list := entries()
			err := format.Write(io.Discard, lists.Head{Zone: zone()}, func(yield func(lists.Entry) bool) {
				for b.Loop() {
					yield(list[0])
				}
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
