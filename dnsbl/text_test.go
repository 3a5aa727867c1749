package dnsbl

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// ownWords is a zone with codes and a text of its own beside the usual one.
var ownWords = Zone{
	Origin: "own.example", Categories: scoring.AllCategories, Contact: "https://own.example/",
	Codes: scoring.Codes{"ssh": 42, "forum": 42, "mail": 2},
	Text:  "Mail from {address} is refused until {until} because of {categories}. Appeal: {contact}?ip={address}",
}

// R03: a zone's own text is filled in, over all transports.
func TestR03_ownText(t *testing.T) {
	t.Parallel()
	newStory(t, defaultZone, ownWords).overTransports(t, func(c client) {
		const want = "Mail from 203.0.113.7 is refused until 2026-11-23T10:00:00Z because of ssh, web. Appeal: https://own.example/?ip=203.0.113.7"
		if got := text(c, c.ask("7.113.0.203.own.example.", dns.TypeTXT)); got != want {
			c.Errorf("text %q, want %q", got, want)
		}
		if got := text(c, c.ask("2.0.0.127.own.example.", dns.TypeTXT)); got != "127.0.0.2 is a test entry, always listed, see https://own.example/" {
			c.Errorf("a test entry says %q", got)
		}
		if got := text(c, c.ask(listed4, dns.TypeTXT)); !strings.HasPrefix(got, "203.0.113.7 listed until") {
			c.Errorf("the other zone says %q", got)
		}
	})
}

// R27: a zone's own codes stand in the place of the policy's, in that zone
// alone, and 127.0.0.2 stays.
func TestR27_ownCodes(t *testing.T) {
	t.Parallel()
	newStory(t, defaultZone, ownWords).overTransports(t, func(c client) {
		for name, want := range map[string][]int{
			"7.113.0.203.own.example.": {2, 4, 42},
			listed4:                    {2, 3, 4},
		} {
			if got := codes(c, c.ask(name, dns.TypeA)); !slices.Equal(got, want) {
				c.Errorf("%s: codes %v, want %v", name, got, want)
			}
		}
	})
}

// R05: the test entries are those of the codes that the zone can answer.
func TestR05_testEntriesFollowOwnCodes(t *testing.T) {
	t.Parallel()
	s := newStory(t, defaultZone, ownWords)
	for name, want := range map[string][]int{
		"2.0.0.127.own.example.":  {2},
		"42.0.0.127.own.example.": {2, 42},
		"4.0.0.127.own.example.":  {2, 4},
		"3.0.0.127.own.example.":  nil, // ssh has another
		"6.0.0.127.own.example.":  nil, // mail has none but 2
		"1.0.0.127.own.example.":  nil,
		"3.0.0.127.bl.example.":   {2, 3},
		"42.0.0.127.bl.example.":  nil,
	} {
		reply := s.handle(t, name, dns.TypeA)
		if want == nil {
			if reply.Rcode != dns.RcodeNameError {
				t.Errorf("%s: %s, want it denied", name, dns.RcodeToString[reply.Rcode])
			}
		} else if got := codes(t, reply); !slices.Equal(got, want) {
			t.Errorf("%s: codes %v, want %v", name, got, want)
		}
	}
	if got := text(t, s.handle(t, "42.0.0.127.own.example.", dns.TypeTXT)); !strings.Contains(got, "(ssh, forum)") {
		t.Errorf("the test entry of a shared code says %q", got)
	}
}

// Whatever text is taken, what it becomes fits into one string and holds what
// it promises.
func TestTextTemplate_fits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := []string{"{address}", "{until}", "{categories}", "{contact}", " and ", ", see ", strings.Repeat("x", 50)}
		zone := Zone{
			Origin: "bl.example", Categories: scoring.AllCategories,
			Contact: rapid.StringMatching(`[a-z:/?=.]{1,150}`).Draw(t, "contact"),
			Text:    strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 6).Draw(t, "text"), ""),
		}
		if err := zone.Validate(); err != nil {
			if !strings.Contains(err.Error(), "may become") {
				t.Fatal(err)
			}
			t.Skip("too long")
		}
		addr, set := drawAddr(t), scoring.CategorySet(rapid.Uint32Min(1).Draw(t, "set"))
		verdict := scoring.Verdict{Listed: true, Until: start.Add(time.Hour), Next: start.Add(time.Hour), Categories: set}
		got := newServedZone(zone.withDefaults(), 1).newListing(addr, verdict, manyCategories(), start).text
		if len(got) > maxText {
			t.Fatalf("%d octets: %q", len(got), got)
		}
		for placeholder, value := range map[string]string{
			"{address}": addr.String(), "{until}": "2026-11-22T11:00:00Z", "{contact}": zone.Contact,
		} {
			if has := strings.Count(got, value); has < strings.Count(zone.Text, placeholder) {
				t.Fatalf("%q has %d of %s, %q asks for more", got, has, placeholder, zone.Text)
			}
		}
		if strings.ContainsAny(got, "{}") {
			t.Fatalf("%q: not filled in", got)
		}
	})
}

// What a listing does not have does not leave a hole.
func TestTextTemplate_emptyValues(t *testing.T) {
	t.Parallel()
	own, err := parseText("{address} ({categories}) until {until}")
	if err != nil {
		t.Fatal(err)
	}
	values := textValues{addr: netip.MustParseAddr("203.0.113.7")}
	for want, template := range map[string]textTemplate{
		"203.0.113.7 (unknown) until further notice": own,
		"203.0.113.7 listed":                         usualText(" listed"),
	} {
		if got := string(template.append(nil, &values)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
