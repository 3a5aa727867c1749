package dnsbl

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"
)

// expectProhibited wants REFUSED with the extended error 18 and no record.
func expectProhibited(t testing.TB, reply *dns.Msg) {
	t.Helper()
	expectBare(t, reply, dns.RcodeRefused)
	if got := extendedErrors(reply); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeProhibited}) {
		t.Errorf("extended errors %v, want 18: %v", got, reply)
	}
}

func TestR23_otherClientsAreRefused(t *testing.T) {
	t.Parallel()
	closed, open := defaultZone, defaultZone
	closed.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("2001:db8::/32")}
	open.Origin, open.Nameservers = "open.example", nil
	newStory(t, closed, open).overTransports(t, func(c client) {
		allowed := c.addr.Addr().Is4()
		for _, name := range []string{listed4, unlisted4, "2.0.0.127.bl.example.", "bl.example.", "113.0.203.bl.example.", "www.bl.example."} {
			reply := c.exchange(withEDNS(name, dns.TypeA, 1232, false))
			if !allowed {
				expectProhibited(c, reply)
			} else if reply.Rcode == dns.RcodeRefused {
				c.Errorf("%s is refused to those allowed", name)
			}
		}
		if got := codes(c, c.ask("7.113.0.203.open.example.", dns.TypeA)); len(got) == 0 {
			c.Error("the other zone is closed too")
		}
	})
}

// Whatever prefixes are given, who is in one may ask and nobody else.
func TestR23_allowListIsItsPrefixes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) netip.Prefix {
			addr := rapid.Custom(drawAddr).Draw(t, "addr").Unmap()
			return netip.PrefixFrom(addr, rapid.IntRange(0, addr.BitLen()).Draw(t, "bits"))
		}), 1, 5).Draw(t, "prefixes")
		client := rapid.Custom(drawAddr).Draw(t, "client").Unmap()
		want := slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(client) })
		if got := newAllowList(prefixes).has(client); got != want {
			t.Fatalf("%s in %v: %t", client, prefixes, got)
		}
	})
}

// mapped prefixes mean IPv4.
func TestR23_mappedPrefixIsIPv4(t *testing.T) {
	list := newAllowList([]netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.0/120")})
	if !list.has(asking) || list.has(netip.MustParseAddr("192.0.3.1")) || list.has(netip.Addr{}) {
		t.Error("::ffff:192.0.2.0/120 is not 192.0.2.0/24")
	}
}

const aliceKey = "xq7hd3m2"

func keyedZone() Zone {
	zone := defaultZone
	zone.Keys = []AccessKey{{"alice", aliceKey}, {"bob", "Bobs-Key-0815"}}
	return zone
}

func TestR23_keyIsNeeded(t *testing.T) {
	t.Parallel()
	s := newStory(t, keyedZone())
	s.overTransports(t, func(c client) {
		for _, name := range []string{
			"7.113.0.203." + aliceKey + ".bl.example.", aliceKey + ".7.113.0.203.bl.example.", "7.113.0.203.BOBS-key-0815.bl.example.",
			strings.Replace(query6("2001:db8:bad::1"), ".bl.", "."+aliceKey+".bl.", 1), aliceKey + "." + query6("2001:db8:bad::1"),
		} {
			if got := codes(c, c.ask(name, dns.TypeA)); !slices.Equal(got, []int{2, 3, 4}) {
				c.Errorf("%s: codes %v", name, got)
			}
			if got := text(c, c.ask(name, dns.TypeTXT)); strings.Contains(got, aliceKey) {
				c.Errorf("%s: the text tells the key: %s", name, got)
			}
		}
		for _, name := range []string{
			listed4, unlisted4, query6("2001:db8:bad::1"), query6("2001:db8::66"), "2.0.0.127.bl.example.", "www.bl.example.",
			"7.113.0.203.wrong-key.bl.example.", "wrong-key.7.113.0.203.bl.example.", "wrong-key.bl.example.",
			"7.113.0.203." + aliceKey + "x.bl.example.", "x." + aliceKey + ".7.113.0.203.bl.example.",
		} {
			expectProhibited(c, c.exchange(withEDNS(name, dns.TypeA, 1232, false)))
		}
		// What leads there is for all.
		if reply := c.ask("bl.example.", dns.TypeNS); len(reply.Answer) != 2 {
			c.Errorf("apex: %v", reply)
		}
		if reply := c.ask("ns1.bl.example.", dns.TypeA); len(reply.Answer) != 1 {
			c.Errorf("name server: %v", reply)
		}
		for _, name := range []string{"113.0.203.bl.example.", "203.bl.example.", "1.0.0.2.bl.example.", aliceKey + ".bl.example.", "113.0.203." + aliceKey + ".bl.example."} {
			expectDenied(c, c.ask(name, dns.TypeA), dns.RcodeSuccess)
		}
		for _, name := range []string{aliceKey + ".203.bl.example.", "www." + aliceKey + ".bl.example.", aliceKey + "." + aliceKey + ".bl.example."} {
			expectDenied(c, c.ask(name, dns.TypeA), dns.RcodeNameError)
		}
		expectDenied(c, c.ask(aliceKey+".bl.example.", dns.TypeSOA), dns.RcodeSuccess)
	})
}

// Whatever is asked in a zone that is open, the same is answered beside a key;
// only the apex has no records there. In front of the key, the same is answered
// about addresses, but that no longer name needs one that is not listed.
func TestR23_withKeyEverythingHolds(t *testing.T) {
	t.Parallel()
	s, keyed := newStory(t), newStory(t, keyedZone())
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom(parityNames()), rapid.Custom(drawName)).Filter(func(name string) bool {
			return strings.HasSuffix(name, ".bl.example.") && !strings.Contains(name, "ns1") && !strings.HasSuffix(name, "strict.bl.example.") && len(name) < 180
		}).Draw(t, "name")
		qtype := rapid.SampledFrom(someTypes).Draw(t, "type")
		answer := func(s *story, name string) answer {
			q, ok := newQuestion(dns.Question{Name: name, Qtype: qtype, Qclass: dns.ClassINET})
			if !ok {
				t.Fatalf("%s is no name", name)
			}
			return s.responder.answer(s.zones.Load(), &q, asking, start)
		}
		want := answer(s, name)
		beside := answer(keyed, strings.TrimSuffix(name, "bl.example.")+aliceKey+".bl.example.")
		if beside.rcode != want.rcode || beside.result != want.result || len(beside.records) != len(want.records) {
			t.Fatalf("%s: %+v beside the key, %+v without", name, beside, want)
		}
		if want.rcode != dns.RcodeRefused && beside.key != "alice" {
			t.Fatalf("%s counts for %q", name, beside.key)
		}
		if want.result != resultListed && want.result != resultNotListed {
			return
		}
		before := answer(keyed, aliceKey+"."+name)
		if before.result != want.result || len(before.records) != len(want.records) || before.key != "alice" {
			t.Fatalf("%s: %+v in front, %+v without", name, before, want)
		}
	})
}

// Each key's queries are counted by its owner's name.
func TestR23_keysAreCounted(t *testing.T) {
	t.Parallel()
	s := newStory(t, keyedZone())
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.metrics.keys)
	for _, name := range []string{aliceKey + "." + listed4, unlisted4, "66.113.0.203." + aliceKey + ".bl.example.", "7.113.0.203.bobs-key-0815.bl.example."} {
		s.handle(t, name, dns.TypeA)
	}
	want := `
# HELP penaltybox_dns_key_queries_total DNS queries that came with an access key, by zone and name of the key.
# TYPE penaltybox_dns_key_queries_total counter
penaltybox_dns_key_queries_total{key="alice",zone="bl.example"} 2
penaltybox_dns_key_queries_total{key="bob",zone="bl.example"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestParseAccessKeys(t *testing.T) {
	keys, err := ParseAccessKeys("# customers\nalice  xq7hd3m2\n\n\tbob@example.org Bobs-Key-0815\n")
	if want := []AccessKey{{"alice", "xq7hd3m2"}, {"bob@example.org", "Bobs-Key-0815"}}; err != nil || !slices.Equal(keys, want) {
		t.Fatalf("%v, %v", keys, err)
	}
	for text, want := range map[string]string{
		"":                         "no key",
		"alice":                    `line 1: want "name key"`,
		"# x\nalice short":         "line 2: key of alice",
		"alice bad.key.9":          "line 1: key of alice",
		"al/ice xq7hd3m2":          `line 1: name "al/ice"`,
		"a 12345678 9":             "line 1",
		"a xq7hd3m2\nb -q7hd3m2-x": "line 2: key of b",
	} {
		if _, err := ParseAccessKeys(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "q7hd3m2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestZone_Validate_access(t *testing.T) {
	for want, spoil := range map[string]func(*Zone){
		"somebody else's too": func(z *Zone) { z.Keys[1].Key = strings.ToUpper(z.Keys[0].Key) },
		"given twice":         func(z *Zone) { z.Keys[1].Name = "alice" },
		"its name holds a key": func(z *Zone) {
			z.Nameservers = append(z.Nameservers, Nameserver{"ns." + aliceKey + ".bl.example", []netip.Addr{asking}})
		},
		"leave room":     func(z *Zone) { z.Origin = strings.Repeat(strings.Repeat("b", 61)+".", 2) + "example" },
		"want a prefix":  func(z *Zone) { z.Allow = []netip.Prefix{{}} },
		"key of alice: ": func(z *Zone) { z.Keys[0].Key = "a" },
	} {
		zone := keyedZone()
		if err := zone.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&zone)
		if err := zone.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// FuzzR23_key asks any name: without a key nothing is listed.
func FuzzR23_key(f *testing.F) {
	for _, name := range parityNames() {
		f.Add(name)
		f.Add(aliceKey + "." + name)
		f.Add(strings.Replace(name, "bl.example.", aliceKey+".bl.example.", 1))
	}
	s := newStory(f, keyedZone())
	f.Fuzz(func(t *testing.T, name string) {
		q, ok := newQuestion(dns.Question{Name: name, Qtype: dns.TypeA, Qclass: dns.ClassINET})
		if !ok {
			return
		}
		a := s.responder.answer(s.zones.Load(), &q, asking, start)
		// Of text the name may have more than of octets: \q is q.
		octets := make([]byte, 255)
		end, err := dns.PackDomainName(name, octets, 0, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		octets = bytes.ToLower(octets[:end])
		if held := bytes.Contains(octets, []byte(aliceKey)) || bytes.Contains(octets, []byte("bobs-key-0815")); a.result == resultListed && (a.key == "" || !held) {
			t.Fatalf("%s is listed", name)
		}
	})
}
