package dnsbl

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// memoryIndex is a board as an index shows it.
type memoryIndex struct{ *memoryBoard }

var (
	_ Index = memoryIndex{}
	_ Index = (*scoring.Index)(nil)
)

func (x memoryIndex) Find4(addr, now uint32) (scoring.Found, bool) {
	return x.find(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, addr))), now)
}

func (x memoryIndex) Find6(upper uint64, now uint32) (scoring.Found, bool) {
	return x.find(netip.AddrFrom16([16]byte(append(binary.BigEndian.AppendUint64(nil, upper), make([]byte, 8)...))), now)
}

func (x memoryIndex) find(addr netip.Addr, now uint32) (scoring.Found, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	answer := &scoring.Answer{}
	found := scoring.Found{Answer: answer, Next: ^uint32(0), Last: true}
	for rule, verdict := range x.verdicts[scoring.PrefixOf(addr)] {
		if verdict.Until.Unix() <= int64(now) {
			continue
		}
		answer.Listed |= 1 << rule
		answer.Categories |= verdict.Categories
		found.Next = min(found.Next, uint32(verdict.Next.Unix()))
	}
	for rule, verdict := range x.verdicts[scoring.PrefixOf(addr)] {
		if answer.Listed&(1<<rule) != 0 && uint32(verdict.Until.Unix()) != found.Next {
			found.Last = false
		}
	}
	return found, answer.Listed != 0
}

// quickly answers a packet on the fast path alone.
func (s *story) quickly(packet []byte) ([]byte, fate) {
	fast := newFastPath(s.Server)
	fast.begin()
	defer fast.end()
	var buffer [udpSize]byte
	return fast.answer(packet, buffer[:], asking)
}

// expectParity wants the fast path to leave a packet to the handler, or to give
// its very octets and count them alike. It tells which.
func (s *story) expectParity(t rapidTB, packet []byte) (taken bool) {
	asked := slices.Clone(packet)
	got, fate := s.quickly(packet)
	if !bytes.Equal(packet, asked) {
		t.Fatalf("query %x became %x", asked, packet)
	}
	if fate == fateHandler {
		return false
	}
	query, ok := s.read(packet)
	if !ok {
		t.Fatalf("%x is answered %x, but is no query", packet, got)
	}
	want, err := s.reply(query, transportUDP, s.moment())
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v\nfast    %x\nhandler %x, %v", query, got, want, err)
	}
	return true
}

// rapidTB is what tests, fuzz targets and properties have in common.
type rapidTB interface {
	Helper()
	Fatalf(format string, args ...any)
}

func pack1(t rapidTB, query *dns.Msg) []byte {
	octets, err := query.Pack()
	if err != nil {
		t.Fatalf("packing %v: %v", query, err)
	}
	return octets
}

// parityNames are names of every kind.
func parityNames() []string {
	return []string{
		listed4, unlisted4, listedTiny, "2.0.0.2.bl.example.", "2.0.0.127.bl.example.", "1.0.0.127.bl.example.", "1.0.0.10.bl.example.",
		query6("2001:db8:bad::1"), query6("2001:db8::66"), query6("::ffff:203.0.113.7"), query6("fe80::1"), query6("2002:a00:1::"),
		"113.0.203.bl.example.", "203.bl.example.", "0.2.ip6.bl.example.", "bl.example.", "ns1.bl.example.", "x.ns1.bl.example.",
		"www.bl.example.", "5.7.113.0.203.bl.example.", "256.113.0.203.bl.example.", "066.113.0.203.bl.example.",
		`a\000\255\.B.bl.example.`, `7\.113.0.203.bl.example.`, "example.org.", ".", "example.",
		"hostmaster.bl.example.", "elsewhere.example.bl.example.", "7.113.0.203.strict.bl.example.", "strict.bl.example.", "7.113.0.203.other.example.",
		"7.113.0.203.coded.example.", "9.113.0.203.coded.example.", "77.0.0.127.coded.example.",
		strings.Repeat("a.", 120) + "bl.example.", strings.Repeat(strings.Repeat("b", 61)+".", 3) + "bl.example.",
	}
}

// parityZones nest, and their name servers lie within, beside and across them.
func parityZones() []Zone {
	return []Zone{
		defaultZone,
		{Origin: "coded.example", Rule: 1, Categories: ssh | web | mail, Codes: scoring.Codes{"ssh": 77, "web": 2, "mail": 77}, Text: "{address}: {categories}; {until}, {contact}.", Contact: "abuse@example.org"},
		{Origin: "strict.bl.example", Rule: 1, Categories: ssh | mail, Nameservers: []Nameserver{{Name: "ns.bl.example"}}, Mailbox: "Abuse.Team@strict.bl.example"},
		{Origin: "other.example", Rule: 2, Categories: scoring.AllCategories, TTL: time.Minute, Nameservers: []Nameserver{{Name: "ns2.elsewhere.example"}}, Mailbox: "a@elsewhere.example", Contact: strings.Repeat("c", 150)},
	}
}

// newParityStory lists under several rules what ends, and changes, at several
// moments.
func newParityStory(t testing.TB, indexed bool) *story {
	t.Helper()
	s := newStory(t, parityZones()...)
	if !indexed {
		s.index = nil
	}
	s.board.list("203.0.113.7", 1, listedFor(2*time.Hour, ssh))
	s.board.list("203.0.113.7", 2, listedFor(24*time.Hour, ssh|web))
	changing := listedFor(dayLong, ssh|forum|mail)
	changing.Next = start.Add(90 * time.Second)
	s.board.list("203.0.113.9", 0, changing)
	s.board.list("203.0.113.9", 1, listedFor(dayLong, ssh|forum|mail))
	s.board.list("203.0.113.10", 2, listedFor(3*time.Second, scoring.AllCategories))
	s.board.list("10.0.0.1", 0, listedFor(dayLong, ssh)) // special, whatever the board says
	s.board.list("fe80::1", 0, listedFor(dayLong, ssh))
	return s
}

func FuzzFast_parity(f *testing.F) {
	stories := []*story{newParityStory(f, true), newParityStory(f, false), newRangedStory(f)}
	for i, name := range parityNames() {
		qtypes := []uint16{dns.TypeA, dns.TypeTXT, dns.TypeANY, dns.TypeAAAA, dns.TypeAXFR}
		for _, query := range parityQueries(name, qtypes[i%len(qtypes)]) {
			f.Add(pack1(f, query), uint32(0))
		}
	}
	for _, addr := range rangedAddresses() {
		f.Add(pack1(f, new(dns.Msg).SetQuestion(QueryName(addr, "bl.example"), dns.TypeTXT)), uint32(time.Hour/time.Millisecond))
	}
	f.Fuzz(func(t *testing.T, packet []byte, at uint32) {
		if len(packet) > udpSize {
			return // the socket takes no more
		}
		for _, s := range stories {
			s.at(time.Duration(at) * time.Millisecond)
			s.expectParity(t, packet)
		}
	})
}

// parityQueries returns a question with everything that may surround it.
func parityQueries(name string, qtype uint16) []*dns.Msg {
	plain := new(dns.Msg).SetQuestion(name, qtype)
	flags := new(dns.Msg).SetQuestion(name, qtype)
	flags.RecursionDesired, flags.CheckingDisabled, flags.AuthenticatedData, flags.Zero = false, true, true, true
	options := withEDNS(name, qtype, 4096, true)
	options.IsEdns0().Option = []dns.EDNS0{
		&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "24a5ac0012345678"},
		&dns.EDNS0_NSID{Code: dns.EDNS0NSID},
		&dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: []byte{192, 0, 2, 0}},
		&dns.EDNS0_PADDING{Padding: make([]byte, 64)},
		&dns.EDNS0_LOCAL{Code: 65001, Data: []byte("what")},
	}
	version := withEDNS(name, qtype, 1232, false)
	version.IsEdns0().SetVersion(1)
	withServerCookie := withCookie(name, qtype, "24a5ac0012345678010000006a1b2c3d0011223344556677")
	badCookie := withCookie(name, qtype, "24a5ac001234567801")
	class := new(dns.Msg).SetQuestion(name, qtype)
	class.Question[0].Qclass = dns.ClassCHAOS
	update := new(dns.Msg).SetUpdate(name)
	return []*dns.Msg{
		plain, flags, withEDNS(name, qtype, 0, false), withEDNS(name, qtype, 512, true), options, withServerCookie,
		version, class, update, badCookie,
	}
}

// Every question in every spelling, at moments around which answers change.
func TestFast_parity(t *testing.T) {
	t.Parallel()
	for _, indexed := range []bool{true, false} {
		s := newParityStory(t, indexed)
		rapid.Check(t, func(t *rapid.T) {
			name := rapid.OneOf(rapid.SampledFrom(parityNames()), rapid.Custom(drawName)).Draw(t, "name")
			name = misspell(t, name)
			qtype := rapid.OneOf(rapid.SampledFrom(someTypes), rapid.Uint16()).Draw(t, "type")
			packet := pack1(t, rapid.SampledFrom(parityQueries(name, qtype)).Draw(t, "query"))
			s.at(rapid.SampledFrom([]time.Duration{0, 500 * time.Millisecond, 2999 * time.Millisecond, 3 * time.Second, 89 * time.Second, time.Hour, 2 * time.Hour, 23*time.Hour + 59*time.Minute + 30500*time.Millisecond, dayLong}).Draw(t, "at"))
			s.become(rapid.SampledFrom([]State{Current, Current, Current, Stale, NotReady}).Draw(t, "state"))
			s.expectParity(t, packet)
		})
	}
}

// drawName draws the name of an address, or part of one, in one of the zones.
func drawName(t *rapid.T) string {
	addr := rapid.OneOf(rapid.SampledFrom([]netip.Addr{
		netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1"),
	}), rapid.Custom(drawAddr)).Draw(t, "addr")
	name := QueryName(addr, rapid.SampledFrom(parityZones()).Draw(t, "zone").Origin)
	for range rapid.IntRange(0, 3).Draw(t, "shorter") {
		_, name, _ = strings.Cut(name, ".")
	}
	return name
}

// misspell changes the case of letters.
func misspell(t *rapid.T, name string) string {
	if rapid.Bool().Draw(t, "lower-case") {
		return name
	}
	octets := []byte(name)
	for i, upper := range rapid.SliceOfN(rapid.Bool(), len(octets), len(octets)).Draw(t, "upper") {
		if c := octets[i]; upper && 'a' <= c && c <= 'z' {
			octets[i] = c - 'a' + 'A'
		}
	}
	return string(octets)
}

// What resolvers ask all day is taken, in any case, with and without EDNS.
func TestFast_takesPlainQueries(t *testing.T) {
	t.Parallel()
	for _, indexed := range []bool{true, false} {
		s := newParityStory(t, indexed)
		for name, want := range map[string]bool{
			listed4: true, unlisted4: true, listedTiny: true, "2.0.0.2.bl.example.": true, "7.113.0.203.STRICT.bl.Example.": true,
			query6("2001:db8:bad::1"): true, query6("2001:db8::66"): true, "9.113.0.203.bl.example.": true,
			"113.0.203.bl.example.": true, "www.bl.example.": true, "1.0.0.10.bl.example.": true,
			"bl.example.": false, "ns1.bl.example.": false, "2.0.0.127.bl.example.": false, "example.org.": false, "strict.bl.example.": false,
		} {
			for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypeAAAA, dns.TypeMX, dns.TypeANY} {
				queries := parityQueries(name, qtype)
				for i, query := range queries {
					plain := i < len(queries)-4 // the last are odd
					if got := s.expectParity(t, pack1(t, query)); got != (want && plain) {
						t.Errorf("taken %t, want %t: %v", got, want && plain, query)
					}
				}
			}
		}
		for _, state := range []State{NotReady, Stale, TooStale} {
			s.become(state)
			if s.expectParity(t, pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeA))) {
				t.Errorf("taken in state %d", state)
			}
		}
	}
}

// What is truncated is left to the handler.
func TestFast_leavesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := newParityStory(t, true)
	categories := manyCategories()
	s.responder.categories = func() []scoring.Category { return categories }
	s.board.list("203.0.113.9", 0, listedFor(dayLong, scoring.AllCategories))
	const name = "9.113.0.203.bl.example."
	good := s.learnCookie(t, name)
	for size, want := range map[uint16]bool{0: false, 512: false, 1232: true} {
		for _, cookie := range []string{"", good} {
			query := withCookie(name, dns.TypeA, cookie)
			query.IsEdns0().SetUDPSize(size)
			if cookie == "" {
				query.IsEdns0().Option = nil
			}
			want := want && cookie != ""
			if got := s.expectParity(t, pack1(t, query)); got != want {
				t.Errorf("size %d, cookie %q: taken %t, want %t", size, cookie, got, want)
			}
		}
	}
	if !s.expectParity(t, pack1(t, withCookie(name, dns.TypeTXT, good))) {
		t.Error("a text that names some of many categories was left")
	}
}

// Categories may be renumbered while the server runs.
func TestFast_followsCategories(t *testing.T) {
	t.Parallel()
	s := newParityStory(t, true)
	fast := newFastPath(s.Server)
	var buffer [udpSize]byte
	packet := pack1(t, new(dns.Msg).SetQuestion(listed4, dns.TypeA))
	for _, code := range []uint8{3, 42, 3} {
		categories := scoring.DefaultPolicy().Categories
		categories[0].Code = code
		s.responder.categories = func() []scoring.Category { return categories }
		fast.begin()
		reply, _ := fast.answer(packet, buffer[:], asking)
		if got := codes(t, parse(t, reply)); !slices.Contains(got, int(code)) {
			t.Errorf("codes %v, want %d among them", got, code)
		}
		fast.end()
	}
}

// The quick look at IPv4 addresses agrees with the list of special ranges at
// every /16, the finest of them.
func TestFast_specialAgrees(t *testing.T) {
	t.Parallel()
	for upper := range 1 << 16 {
		for _, lower := range []uint16{0, 0xffff} {
			addr := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, uint16(upper)), lower)))
			if _, want := scoring.Special(addr); special(addr) != want {
				t.Fatalf("%s: special %t, want %t", addr, !want, want)
			}
		}
	}
}

// gateFunc is a gate that is a function.
type gateFunc func(client netip.Addr, zone *servedZone, result result) fate

func (g gateFunc) decide(client netip.Addr, zone *servedZone, result result, _ time.Time) fate {
	return g(client, zone, result)
}

func TestFast_gateDecides(t *testing.T) {
	t.Parallel()
	s := newParityStory(t, true)
	packet := pack1(t, withEDNS(listed4, dns.TypeA, 1232, true))
	var decision fate
	s.gate = gateFunc(func(client netip.Addr, zone *servedZone, result result) fate {
		if client != netip.MustParseAddr("192.0.2.1") || zone.Origin != "bl.example." || result != resultListed {
			t.Errorf("asked about %s, %s, %s", client, zone.Origin, result)
		}
		return decision
	})
	for _, decision = range []fate{fateDrop, fateHandler} {
		if reply, got := s.quickly(packet); got != decision || reply != nil {
			t.Errorf("decided %d, became %d with reply %x", decision, got, reply)
		}
	}
	decision = fateTruncate
	reply, _ := s.quickly(packet)
	if got := parse(t, reply); !got.Truncated || len(got.Answer)+len(got.Ns) != 0 || got.Rcode != dns.RcodeSuccess || got.IsEdns0() == nil {
		t.Errorf("want TC and no record, got %v", got)
	}
	decision = fateReply
	s.expectParity(t, packet)
}

func BenchmarkFast_answer(b *testing.B) {
	s := newParityStory(b, true)
	categories := scoring.DefaultPolicy().Categories
	s.responder.categories = func() []scoring.Category { return categories }
	s.index = fixedIndex{scoring.Found{Answer: &scoring.Answer{Listed: 1, Categories: ssh | web}, Next: uint32(start.Add(dayLong).Unix()), Last: true}}
	fast := newFastPath(s.Server)
	var buffer [udpSize]byte
	for _, query := range fastQueries() {
		packet := pack1(b, query.asked)
		b.Run(query.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fast.begin()
				for range 16 { // an ordinary batch; figures are for 16 queries
					if _, fate := fast.answer(packet, buffer[:], asking); fate != fateReply {
						b.Fatal(fate)
					}
				}
				fast.end()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16, "ns/query")
		})
	}
}

// fixedIndex lists 203.0.113.7 and 2001:db8:bad::/64.
type fixedIndex struct{ found scoring.Found }

func (x fixedIndex) Find4(addr, _ uint32) (scoring.Found, bool) { return x.found, addr == 0xcb007107 }

func (x fixedIndex) Find6(upper uint64, _ uint32) (scoring.Found, bool) {
	return x.found, upper == 0x20010db80bad0000
}

type namedQuery struct {
	name  string
	asked *dns.Msg
}

func fastQueries() []namedQuery {
	return []namedQuery{
		{"listed A", new(dns.Msg).SetQuestion(listed4, dns.TypeA)},
		{"listed A with EDNS", withEDNS(listed4, dns.TypeA, 1232, true)},
		{"listed A with a cookie", withCookie(listed4, dns.TypeA, "24a5ac0012345678")},
		{"listed TXT", new(dns.Msg).SetQuestion(listed4, dns.TypeTXT)},
		{"unlisted A", new(dns.Msg).SetQuestion(unlisted4, dns.TypeA)},
		{"unlisted A in mixed case", new(dns.Msg).SetQuestion("66.113.0.203.bL.eXampLe.", dns.TypeA)},
		{"listed IPv6", new(dns.Msg).SetQuestion(query6("2001:db8:bad::1"), dns.TypeA)},
		{"unlisted IPv6", new(dns.Msg).SetQuestion(query6("2001:db8::66"), dns.TypeTXT)},
		{"partial name", new(dns.Msg).SetQuestion("113.0.203.bl.example.", dns.TypeNS)},
		{"no address", new(dns.Msg).SetQuestion("www.bl.example.", dns.TypeA)},
	}
}
