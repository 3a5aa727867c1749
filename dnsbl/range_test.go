package dnsbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// newRangeStory makes a server on a scoreboard, which lists by three rules.
func newRangeStory(t testing.TB) (*story, *scoring.Scoreboard) {
	t.Helper()
	s := newStory(t, parityZones()...)
	board, err := scoring.NewScoreboard(scoring.DefaultPolicy(), []scoring.Rule{
		{Threshold: 50, Categories: scoring.AllCategories}, {Threshold: 30, Categories: ssh | web | mail}, {Threshold: 20, Categories: scoring.AllCategories},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.responder.board, s.index, s.listings = board, board.Index(), board.Index()
	return s, board
}

// rangedIncident is an incident about an address or a range.
func rangedIncident(prefix string, id scoring.ID, kind scoring.KindNumber, points uint16, lasts time.Duration) scoring.Entry {
	return scoring.Entry{Incident: scoring.Incident{
		Prefix: netip.MustParsePrefix(prefix), ID: id, Kind: kind, Points: points, Reporter: 1, Reported: start, Expires: start.Add(lasts),
	}}
}

// The text names the range that lists an address, beside the address if that is
// listed too.
func TestServer_text_namesTheRange(t *testing.T) {
	t.Parallel()
	s, board := newRangeStory(t)
	board.Apply(start,
		rangedIncident("203.0.113.0/24", 1, 1, 60, 2*time.Hour), rangedIncident("203.0.113.7/32", 1, 10, 60, time.Hour),
		rangedIncident("2001:db8:7::/48", 1, 1, 60, time.Hour), rangedIncident("198.51.100.1/32", 1, 1, 60, time.Hour),
	)
	for name, want := range map[string]string{
		"9.113.0.203.bl.example.":    "range 203.0.113.0/24 listed until 2026-11-22T12:00:00Z (ssh), see https://bl.example/lookup",
		"7.113.0.203.bl.example.":    "203.0.113.7 and range 203.0.113.0/24 listed until 2026-11-22T12:00:00Z (ssh, forum), see https://bl.example/lookup",
		"1.100.51.198.bl.example.":   "198.51.100.1 listed until 2026-11-22T11:00:00Z (ssh), see https://bl.example/lookup",
		query6("2001:db8:7:5::1"):    "range 2001:db8:7::/48 listed until 2026-11-22T11:00:00Z (ssh), see https://bl.example/lookup",
		"7.113.0.203.coded.example.": "203.0.113.7 and range 203.0.113.0/24: ssh; 2026-11-22T12:00:00Z, abuse@example.org.",
	} {
		if strings.HasSuffix(name, "coded.example.") {
			want = "range 203.0.113.0/24: ssh; 2026-11-22T12:00:00Z, abuse@example.org." // forum does not count there
		}
		got := s.handle(t, name, dns.TypeTXT)
		if len(got.Answer) != 1 || strings.Join(got.Answer[0].(*dns.TXT).Txt, "") != want {
			t.Errorf("%s: %v, want %q", name, got.Answer, want)
		}
	}
	board.SetExemptions(start, []scoring.Exemption{{Prefix: netip.MustParsePrefix("203.0.113.9/32"), Reason: "ours"}})
	if got := s.handle(t, "9.113.0.203.bl.example.", dns.TypeA); got.Rcode != dns.RcodeNameError {
		t.Errorf("exempt within the range: %v", got)
	}
	if got := s.handle(t, "8.113.0.203.bl.example.", dns.TypeA); len(got.Answer) != 2 {
		t.Errorf("beside what is exempt: %v", got)
	}
}

// A text that has no room for both names the address alone.
func TestTextTemplate_roomForTheRange(t *testing.T) {
	t.Parallel()
	zone := defaultZone
	zone.Contact = "https://bl.example/" + strings.Repeat("c", 115)
	zone = zone.withDefaults()
	addr := netip.MustParseAddr("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff")
	verdict := scoring.Verdict{
		Listed: true, Until: start, Next: start, Categories: ssh,
		Prefix: scoring.PrefixOf(addr), Range: netip.MustParsePrefix("2001:db8:aaaa:bbba::/63"),
	}
	got := newServedZone(zone, 1).newListing(addr, verdict, scoring.DefaultPolicy().Categories, start).text
	if len(got) > maxText || strings.Contains(got, "range") || !strings.Contains(got, "(ssh)") {
		t.Errorf("%d octets: %s", len(got), got)
	}
	verdict.Prefix = verdict.Range
	if got := newServedZone(zone, 1).newListing(addr, verdict, scoring.DefaultPolicy().Categories, start).text; !strings.HasPrefix(got, "range 2001:db8:aaaa:bbba::/63 listed") {
		t.Errorf("by the range alone: %s", got)
	}
}

// drawRanged draws incidents of addresses and of ranges around them.
func drawRanged(t *rapid.T, board *scoring.Scoreboard) {
	prefixes := []string{
		"203.0.113.7/32", "203.0.113.6/32", "203.0.113.6/31", "203.0.113.0/28", "203.0.113.0/24",
		"2001:db8::/64", "2001:db8:0:1::/64", "2001:db8::/62", "2001:db8::/57", "2001:db8::/48", "10.0.0.0/24",
	}
	for n := range rapid.IntRange(1, 12).Draw(t, "incidents") {
		board.Apply(start, rangedIncident(
			rapid.SampledFrom(prefixes).Draw(t, "prefix"), scoring.ID(n), rapid.SampledFrom([]scoring.KindNumber{1, 4, 10, 16}).Draw(t, "kind"),
			rapid.Uint16Range(10, 60).Draw(t, "points"), time.Duration(rapid.IntRange(1, 4).Draw(t, "hours"))*time.Hour,
		))
	}
	var exemptions []scoring.Exemption
	for _, prefix := range []string{"203.0.113.5/32", "203.0.113.8/29", "2001:db8:0:3::/64", "203.0.113.0/24"} {
		if rapid.IntRange(0, 3).Draw(t, "exempt "+prefix) == 0 {
			exemptions = append(exemptions, scoring.Exemption{Prefix: netip.MustParsePrefix(prefix), Reason: "ours", Expires: start.Add(90 * time.Minute)})
		}
	}
	board.SetExemptions(start, exemptions)
}

// newRangedStory lists addresses and ranges around them, some of which end early,
// and exempts some of what is within.
func newRangedStory(t testing.TB) *story {
	t.Helper()
	s, board := newRangeStory(t)
	board.Apply(start,
		rangedIncident("203.0.113.7/32", 1, 10, 60, time.Hour), rangedIncident("203.0.113.6/31", 1, 4, 30, 3*time.Hour),
		rangedIncident("203.0.113.0/28", 1, 16, 60, 2*time.Hour), rangedIncident("203.0.113.0/24", 1, 1, 25, 4*time.Hour),
		rangedIncident("2001:db8::/64", 1, 1, 60, time.Hour), rangedIncident("2001:db8::/62", 1, 10, 25, 3*time.Hour),
		rangedIncident("2001:db8::/57", 1, 4, 60, 2*time.Hour), rangedIncident("10.0.0.0/24", 1, 16, 60, time.Hour),
	)
	board.SetExemptions(start, []scoring.Exemption{
		{Prefix: netip.MustParsePrefix("203.0.113.5/32"), Reason: "ours"},
		{Prefix: netip.MustParsePrefix("203.0.113.8/29"), Reason: "ours", Expires: start.Add(90 * time.Minute)},
		{Prefix: netip.MustParsePrefix("2001:db8:0:3::/64"), Reason: "ours"},
	})
	return s
}

// rangedAddresses lie within and beside what drawRanged lists.
func rangedAddresses() []netip.Addr {
	var all []netip.Addr
	for last := range 20 {
		all = append(all, netip.AddrFrom4([4]byte{203, 0, 113, byte(last)}), netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::", last)))
	}
	return append(all, netip.MustParseAddr("203.0.113.255"), netip.MustParseAddr("203.0.114.0"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8:0:ffff::"), netip.MustParseAddr("2001:db8:1::"))
}

// Whatever is listed, addresses and ranges, and exempt: the fast path gives what
// the handler gives.
func TestFast_parity_ofRanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, board := newRangeStory(t)
		drawRanged(rt, board)
		for _, hours := range []float64{0, 0.999, 1, 1.5, 2.5, 4} {
			s.at(time.Duration(hours * float64(time.Hour)))
			for _, addr := range rangedAddresses() {
				for _, origin := range []string{"bl.example", "coded.example", "other.example"} {
					for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT} {
						packet := pack1(rt, new(dns.Msg).SetQuestion(QueryName(addr, origin), qtype))
						s.expectParity(rt, packet)
					}
				}
			}
		}
	})
}

// A copy of the zone, with its wildcards, gives what the server gives: which codes
// an address has, and for whom the text names no address, that too.
func TestZoneCopy_ofRanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, board := newRangeStory(t)
		drawRanged(rt, board)
		zones := s.zones.Load()
		zone := zones.byOrigin[string(frontOf("bl.example."))]
		c := s.newCopy(zones, zone, s.moment())
		copied := map[string][]dns.RR{}
		for record := range c.records() {
			copied[record.Header().Name] = append(copied[record.Header().Name], record)
		}
		for _, addr := range rangedAddresses() {
			name := QueryName(addr, "bl.example")
			var codes, want []string
			for _, record := range resolve(copied, name) {
				if a, is := record.(*dns.A); is {
					codes = append(codes, a.A.String())
				}
			}
			for _, record := range s.handle(t, name, dns.TypeA).Answer {
				want = append(want, record.(*dns.A).A.String())
			}
			if !slices.Equal(codes, want) {
				rt.Fatalf("%s: the copy has %v, the server %v", addr, codes, want)
			}
			if texts := s.handle(t, name, dns.TypeTXT).Answer; len(texts) > 0 {
				text := strings.Join(texts[0].(*dns.TXT).Txt, "")
				found := resolve(copied, name)
				if got := strings.Join(found[len(found)-1].(*dns.TXT).Txt, ""); got != text {
					rt.Fatalf("%s: the copy says %q, the server %q", addr, got, text)
				}
			}
		}
	})
}

// resolve looks a name up as a name server does: a wildcard holds only below the
// nearest name that exists (RFC 4592 §3.3.1).
func resolve(zone map[string][]dns.RR, name string) []dns.RR {
	if records, is := zone[name]; is {
		return records
	}
	for above := name; above != "bl.example."; {
		above = above[strings.IndexByte(above, '.')+1:]
		exists := false
		for other := range zone {
			exists = exists || other == above || strings.HasSuffix(other, "."+above)
		}
		if exists {
			return zone["*."+above]
		}
	}
	return nil
}
