package dnsbl

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

func TestZone_Validate(t *testing.T) {
	t.Parallel()
	address := []netip.Addr{netip.MustParseAddr("192.0.2.53")}
	for name, story := range map[string]struct {
		change func(z *Zone)
		want   string // part of the fault; empty: none
	}{
		"as it is":                  {func(*Zone) {}, ""},
		"with a dot":                {func(z *Zone) { z.Origin = "BL.Example." }, ""},
		"empty":                     {func(z *Zone) { z.Origin = "" }, "label"},
		"root":                      {func(z *Zone) { z.Origin = "." }, "label"},
		"double dot":                {func(z *Zone) { z.Origin = "bl..example" }, `label ""`},
		"space":                     {func(z *Zone) { z.Origin = "b l.example" }, `label "b l"`},
		"backslash":                 {func(z *Zone) { z.Origin = `b\.l.example` }, `label "b\\"`},
		"leading hyphen":            {func(z *Zone) { z.Origin = "-bl.example" }, `label "-bl"`},
		"long label":                {func(z *Zone) { z.Origin = strings.Repeat("a", 64) + ".example" }, "1 to 63"},
		"long":                      {func(z *Zone) { z.Origin = strings.Repeat("abcdefghi.", 19) + "example" }, "leave room for addresses"},
		"just short enough":         {func(z *Zone) { z.Origin = strings.Repeat("abcdefghi.", 18) + "example.a" }, ""},
		"negative rule":             {func(z *Zone) { z.Rule = -1 }, "rule -1"},
		"no categories":             {func(z *Zone) { z.Categories = 0 }, "never lists"},
		"half a second":             {func(z *Zone) { z.TTL = time.Second / 2 }, "ttl 500ms"},
		"two days":                  {func(z *Zone) { z.TTL = 48 * time.Hour }, "ttl 48h"},
		"negative ttl of 29s":       {func(z *Zone) { z.NegativeTTL = 29 * time.Second }, "negative ttl 29s"},
		"negative ttl of 10m":       {func(z *Zone) { z.NegativeTTL = 10 * time.Minute }, "negative ttl 10m"},
		"mailbox":                   {func(z *Zone) { z.Mailbox = "abuse.team@example.org" }, ""},
		"no mailbox":                {func(z *Zone) { z.Mailbox = "example.org" }, "e-mail address"},
		"contact with quotes":       {func(z *Zone) { z.Contact = `say "hi"` }, "without quotes"},
		"contact with a line break": {func(z *Zone) { z.Contact = "a\r\nb" }, "printable ASCII"},
		"contact of 151":            {func(z *Zone) { z.Contact = strings.Repeat("a", 151) }, "at most 150"},
		"a code of 1":               {func(z *Zone) { z.Codes = scoring.Codes{"ssh": 1} }, "code 1 of ssh: outside 2..127"},
		"a code of 128":             {func(z *Zone) { z.Codes = scoring.Codes{"ssh": 128} }, "code 128 of ssh"},
		"code 2":                    {func(z *Zone) { z.Codes = scoring.Codes{"ssh": 2} }, ""},
		"text":                      {func(z *Zone) { z.Text = "{address} until {until}: {categories}" }, ""},
		"text without placeholders": {func(z *Zone) { z.Text = "see https://bl.example/" }, ""},
		"text with another":         {func(z *Zone) { z.Text = "{address} {points}" }, `text "{address} {points}": "{points}": no such placeholder; known are {address}`},
		"text with half of one":     {func(z *Zone) { z.Text = "{address" }, `"{": no such placeholder`},
		"text with a closing brace": {func(z *Zone) { z.Text = "so :}" }, `"}": no such placeholder`},
		"text with a line break":    {func(z *Zone) { z.Text = "{address}\n" }, "printable ASCII"},
		"text with an umlaut":       {func(z *Zone) { z.Text = "{address} gesperrt für" }, "character 'ü'"},
		"text without its contact":  {func(z *Zone) { z.Text = "see {contact}" }, "the zone has no contact"},
		"text of 255":               {func(z *Zone) { z.Text = "{address}{until}{categories}" + strings.Repeat("x", 175) }, ""},
		"text of 256":               {func(z *Zone) { z.Text = "{address}{until}{categories}" + strings.Repeat("x", 176) }, "may become 256 characters long"},
		"text that repeats itself":  {func(z *Zone) { z.Text = strings.Repeat("{address} ", 7) }, "may become 280 characters long"},
		"server without address":    {func(z *Zone) { z.Nameservers = []Nameserver{{Name: "ns.bl.example"}} }, "give its addresses"},
		"server elsewhere":          {func(z *Zone) { z.Nameservers = []Nameserver{{Name: "ns.example.org"}} }, ""},
		"server like an address":    {func(z *Zone) { z.Nameservers = []Nameserver{{"1.bl.example", address}} }, "reads as an address"},
		"server is the zone":        {func(z *Zone) { z.Nameservers = []Nameserver{{"bl.example", address}} }, "the zone itself"},
		"server with zero address":  {func(z *Zone) { z.Nameservers = []Nameserver{{"ns.bl.example", make([]netip.Addr, 1)}} }, "resolvers can reach"},
	} {
		zone := Zone{Origin: "bl.example", Categories: ssh}
		story.change(&zone)
		err := zone.Validate()
		if story.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if story.want != "" && (err == nil || !strings.Contains(err.Error(), story.want)) {
			t.Errorf("%s: got %v, want %q", name, err, story.want)
		}
	}
}

func TestZoneSet_faults(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct {
		origins []string
		want    string
	}{
		"none":                      {nil, "none"},
		"twice":                     {[]string{"bl.example", "BL.example."}, "given twice"},
		"inner reads as an address": {[]string{"bl.example", "7.bl.example"}, "reads as an address"},
		"inner and outer":           {[]string{"ssh.bl.example", "bl.example"}, ""},
	} {
		var zones []Zone
		for _, origin := range story.origins {
			zones = append(zones, Zone{Origin: origin, Categories: ssh})
		}
		_, err := newZoneSet(zones, start)
		if story.want == "" && err != nil || story.want != "" && (err == nil || !strings.Contains(err.Error(), story.want)) {
			t.Errorf("%s: got %v, want %q", name, err, story.want)
		}
	}
}

// The longest origin that is allowed still has room for an IPv6 address.
func TestZone_longestOriginAnswersIPv6(t *testing.T) {
	t.Parallel()
	origin := strings.Repeat("abcdefghi.", 18) + "example.a"
	s := newStory(t, Zone{Origin: origin, Categories: ssh})
	name := QueryName(netip.MustParseAddr("2001:db8:bad::1"), origin)
	if got := codes(t, s.handle(t, name, dns.TypeA)); len(got) != 2 {
		t.Errorf("codes %v", got)
	}
}

func TestZone_mailboxDotsAreEscaped(t *testing.T) {
	t.Parallel()
	s := newStory(t, Zone{Origin: "bl.example", Categories: ssh, Mailbox: "abuse.team@example.org"})
	if got := s.handle(t, "bl.example.", dns.TypeSOA).Answer[0].(*dns.SOA).Mbox; got != `abuse\.team.example.org.` {
		t.Errorf("mailbox %s", got)
	}
}
