package dnsbl

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// Every rule by which an answer can come about is told by its name, with what
// the answer is.
func TestServer_Explain_everyReason(t *testing.T) {
	t.Parallel()
	keyed, closed := keyedZone(), defaultZone
	keyed.Origin, keyed.Nameservers = "keyed.example", nil
	closed.Origin, closed.Nameservers = "closed.example", nil
	closed.Allow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	s := newStory(t, defaultZone, keyed, closed)
	for _, rule := range []struct {
		name   string
		client string
		reason Reason
		rcode  string
		zone   string
		addr   string
		codes  string
		ttl    time.Duration
	}{
		{"7.113.0.203.bl.example", "", ReasonListed, "NOERROR", "bl.example", "203.0.113.7", "127.0.0.2 127.0.0.3 127.0.0.4", time.Hour},
		{"7.113.0.203.BL.example.", "", ReasonListed, "NOERROR", "bl.example", "203.0.113.7", "127.0.0.2 127.0.0.3 127.0.0.4", time.Hour},
		{query6("2001:db8:bad::1"), "", ReasonListed, "NOERROR", "bl.example", "2001:db8:bad::1", "127.0.0.2 127.0.0.3 127.0.0.4", time.Hour},
		{"66.113.0.203.bl.example", "", ReasonNotListed, "NXDOMAIN", "bl.example", "203.0.113.66", "", time.Minute},
		{"2.0.0.2.bl.example", "", ReasonNotListed, "NOERROR", "bl.example", "2.0.0.2", "", time.Minute},
		{"2.0.0.127.bl.example", "", ReasonTestEntry, "NOERROR", "bl.example", "127.0.0.2", "127.0.0.2", time.Hour},
		{"1.0.0.127.bl.example", "", ReasonSpecialRange, "NXDOMAIN", "bl.example", "127.0.0.1", "", time.Minute},
		{"bl.example", "", ReasonApex, "NOERROR", "bl.example", "", "", time.Minute},
		{"ns1.bl.example", "", ReasonServerName, "NOERROR", "bl.example", "", "", time.Minute},
		{"113.0.203.bl.example", "", ReasonPartialName, "NOERROR", "bl.example", "", "", time.Minute},
		{"066.113.0.203.bl.example", "", ReasonNoAddress, "NXDOMAIN", "bl.example", "", "", time.Minute},
		{"7.113.0.203.example.org", "", ReasonOutside, "REFUSED", "", "", "", 0},
		{"7..bl.example", "", ReasonMalformed, "FORMERR", "", "", "", 0},
		{"7.113.0.203.keyed.example", "", ReasonKeyMissing, "REFUSED", "keyed.example", "", "", 0},
		{"7.113.0.203.wrong-key.keyed.example", "", ReasonKeyUnknown, "REFUSED", "keyed.example", "", "", 0},
		{"7.113.0.203." + aliceKey + ".keyed.example", "", ReasonListed, "NOERROR", "keyed.example", "203.0.113.7", "127.0.0.2 127.0.0.3 127.0.0.4", time.Hour},
		{"7.113.0.203.closed.example", "", ReasonListed, "NOERROR", "closed.example", "203.0.113.7", "127.0.0.2 127.0.0.3 127.0.0.4", time.Hour},
		{"7.113.0.203.closed.example", "::ffff:198.51.100.9", ReasonListed, "NOERROR", "closed.example", "203.0.113.7", "127.0.0.2 127.0.0.3 127.0.0.4", time.Hour},
		{"7.113.0.203.closed.example", "192.0.2.1", ReasonClient, "REFUSED", "closed.example", "", "", 0},
	} {
		var client netip.Addr
		if rule.client != "" {
			client = netip.MustParseAddr(rule.client)
		}
		e := s.Explain(rule.name, client)
		addr := ""
		if e.Addr.IsValid() {
			addr = e.Addr.String()
		}
		if codes := strings.Trim(fmt.Sprint(e.Codes), "[]"); e.Reason != rule.reason || e.Rcode != rule.rcode || e.Zone != rule.zone ||
			addr != rule.addr || codes != rule.codes || e.TTL != rule.ttl {
			t.Errorf("%s: %+v, want %+v", rule.name, e, rule)
		}
		if e.Name != dns.Fqdn(rule.name) {
			t.Errorf("%s: told as %s", rule.name, e.Name)
		}
		if sentence := e.Reason.Sentence(); sentence == string(e.Reason) || sentence == "" {
			t.Errorf("%s has no sentence", e.Reason)
		}
	}
}

func TestServer_Explain_state(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for state, want := range map[State]struct {
		reason   Reason
		extended string
	}{
		NotReady: {ReasonNotReady, "[Not Ready]"}, TooStale: {ReasonTooStale, "[Network Error]"},
		Stale: {ReasonListed, "[Stale Answer]"}, Current: {ReasonListed, "[]"},
	} {
		s.become(state)
		if e := s.Explain(listed4, asking); e.Reason != want.reason || fmt.Sprint(e.Extended) != want.extended {
			t.Errorf("state %d: %s %v, want %v", state, e.Reason, e.Extended, want)
		}
	}
}

func TestServer_Explain_details(t *testing.T) {
	t.Parallel()
	s := newStory(t, keyedZone())
	e := s.Explain("7.113.0.203."+aliceKey+".bl.example", asking)
	if e.Key != "alice" || !e.NeedsKey || e.Restricted {
		t.Errorf("with alice's key: %+v", e)
	}
	if want := "203.0.113.7 listed until 2026-11-23T10:00:00Z (ssh, web), see https://bl.example/lookup"; e.Text != want {
		t.Errorf("text %q, want %q", e.Text, want)
	}
	if e := newStory(t).Explain("1.0.0.10.bl.example", asking); e.Range == "" || e.Reason != ReasonSpecialRange {
		t.Errorf("10.0.0.1: %+v", e)
	}
	if asked := s.board.asked; asked == 0 {
		t.Error("the board was not asked")
	}
}

// An address is explained in a keyed zone too, and nobody learns a key by it.
func TestServer_ExplainAddr_tellsNoKey(t *testing.T) {
	t.Parallel()
	s := newStory(t, keyedZone())
	e, known := s.ExplainAddr(netip.MustParseAddr("203.0.113.7"), "BL.example", asking)
	if !known {
		t.Fatal("the zone is not known")
	}
	if told := strings.ToLower(fmt.Sprintf("%+v", e)); strings.Contains(told, aliceKey) || strings.Contains(told, "alice") {
		t.Errorf("the explanation tells a key: %s", told)
	}
	if e.Reason != ReasonListed || e.Name != "7.113.0.203.KEY.bl.example." || !e.NeedsKey {
		t.Errorf("%+v", e)
	}
	if _, known := s.ExplainAddr(netip.MustParseAddr("203.0.113.7"), "other.example", asking); known {
		t.Error("a zone that is not served is explained")
	}
}

// Whatever is asked, the explanation is the answer, and it is counted nowhere.
func TestServer_Explain_isTheAnswer(t *testing.T) {
	t.Parallel()
	s := newParityStory(t, true)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom(parityNames()), rapid.Custom(drawName)).Draw(t, "name")
		e := s.Explain(name, asking)
		octets, err := s.reply(new(dns.Msg).SetQuestion(name, dns.TypeA), transportTCP, s.moment())
		if err != nil {
			if e.Reason != ReasonMalformed {
				t.Fatalf("%s has no answer and is explained: %+v", name, e)
			}
			return
		}
		var reply dns.Msg
		if err := reply.Unpack(octets); err != nil {
			t.Fatal(err)
		}
		if e.Rcode != dns.RcodeToString[reply.Rcode] || e.Reason == "" {
			t.Fatalf("%s: %+v, answered %v", name, e, &reply)
		}
		if listed := e.Reason == ReasonListed || e.Reason == ReasonTestEntry; listed && len(e.Codes) != len(reply.Answer) {
			t.Fatalf("%s: %+v, answered %v", name, e, &reply)
		}
	})
}
