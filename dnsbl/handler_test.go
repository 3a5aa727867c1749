package dnsbl

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// FuzzServer_reply sends whole packets. Whatever comes, the server does not
// panic, the reply can be read and matches the query, and nothing is listed but
// what the board lists.
func FuzzServer_reply(f *testing.F) {
	for _, name := range []string{listed4, unlisted4, listedTiny, "2.0.0.127.bl.example.", "bl.example.", "ns1.bl.example.", `7\.113.0.203.bl.example.`, "."} {
		for _, query := range []*dns.Msg{new(dns.Msg).SetQuestion(name, dns.TypeA), withEDNS(name, dns.TypeTXT, 1232, true), withEDNS(name, dns.TypeANY, 0, false)} {
			octets, err := query.Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(octets, true)
			f.Add(octets, false)
		}
	}
	f.Add([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1}, true)
	s := newStory(f)
	f.Fuzz(func(t *testing.T, packet []byte, udp bool) {
		via := transportTCP
		if udp {
			via = transportUDP
		}
		query, ok := s.read(packet)
		if !ok {
			return
		}
		octets, err := s.reply(query, via, start)
		if err != nil {
			return // names that the library reads but cannot write; the client gets silence
		}
		reply := parse(t, octets)
		if reply.Id != query.Id || !reply.Response || reply.RecursionAvailable || reply.AuthenticatedData || reply.Zero {
			t.Fatalf("header %v to %v", reply.MsgHdr, query.MsgHdr)
		}
		if udp && len(octets) > udpSize || (reply.IsEdns0() != nil) && query.IsEdns0() == nil {
			t.Fatalf("%d octets, OPT %v", len(octets), reply.IsEdns0())
		}
		for _, record := range append(reply.Answer, reply.Ns...) {
			s.expectTrue(t, query.Question[0], record)
		}
	})
}

// read takes a packet as far as the DNS library hands it to the handler.
func (s *story) read(packet []byte) (*dns.Msg, bool) {
	if len(packet) < 12 {
		return nil, false
	}
	field := func(i int) uint16 { return binary.BigEndian.Uint16(packet[2*i:]) }
	header := dns.Header{Id: field(0), Bits: field(1), Qdcount: field(2), Ancount: field(3), Nscount: field(4), Arcount: field(5)}
	query := new(dns.Msg)
	if s.accept(header) != dns.MsgAccept || query.Unpack(packet) != nil {
		return nil, false
	}
	return query, true
}

// expectTrue wants a record of a reply to be the zone's own, or a listing of an
// address that the board lists, by the slow reading of the name.
func (s *story) expectTrue(t *testing.T, q dns.Question, record dns.RR) {
	t.Helper()
	owner := strings.ToLower(record.Header().Name)
	switch record.(type) {
	case *dns.SOA, *dns.NS:
		if owner != "bl.example." {
			t.Fatalf("%v in a reply about %s", record, q.Name)
		}
		return
	}
	if owner == "ns1.bl.example." {
		return
	}
	labels, found := strings.CutSuffix(owner, ".bl.example.")
	named := slowSubject(strings.Split(labels, "."))
	if !found || named.place != placeAddress {
		t.Fatalf("%v names no address", record)
	}
	if !isTestEntry(named.addr) && !s.board.Verdict(named.addr, 0, start).Listed {
		t.Fatalf("%v, but %s is not listed", record, named.addr)
	}
}

// The replies of a good client are small next to its queries, so that nobody
// gains by asking in another's name.
func TestR24_repliesAmplifyLittle(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.board.list("203.0.113.9", 0, listedFor(dayLong, scoring.AllCategories))
	s.overTransports(t, func(c client) {
		for _, name := range []string{listed4, "9.113.0.203.bl.example.", unlisted4, "2.0.0.127.bl.example.", "bl.example.", "203.bl.example.", "example.org."} {
			for _, qtype := range someTypes {
				for _, query := range []*dns.Msg{new(dns.Msg).SetQuestion(name, qtype), withEDNS(name, qtype, 4096, true)} {
					asked := pack1(c, query)
					if replied := c.raw(asked); len(replied) > 5*len(asked) {
						c.Errorf("%s %s: %d octets to %d", name, dns.TypeToString[qtype], len(replied), len(asked))
					}
				}
			}
		}
	})
}

// A text that is too long next to its query is told over TCP alone, and to who
// has shown by a cookie that the address is theirs.
func TestR24_longTextsAreForProvenClients(t *testing.T) {
	t.Parallel()
	zone := defaultZone
	zone.Origin, zone.Nameservers = "b.example", nil
	zone.Text = strings.Repeat("Go and read what we have to say about it. ", 5) + "{address}"
	s := newStory(t, zone)
	const name = "7.113.0.203.b.example."
	s.overTransports(t, func(c client) {
		if reply := c.ask(name, dns.TypeTXT); c.network == "udp" {
			expectTruncated(c, reply)
		} else if reply.Truncated || len(reply.Answer) != 1 {
			c.Errorf("over TCP: %v", reply)
		}
		learned := cookieOf(c.exchange(withCookie(name, dns.TypeA, "24a5ac0012345678")))
		if reply := c.exchange(withCookie(name, dns.TypeTXT, learned)); reply.Truncated || len(reply.Answer) != 1 {
			c.Errorf("with a good cookie: %v", reply)
		}
	})
}

// A listing of three records costs 16 octets each, and a denial 61: every owner
// is a pointer into the question, in whatever case the client wrote it.
func TestServer_reply_isCompressed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for name, want := range map[string]int{"7.113.0.203.BL.example.": 40 + 3*16, "66.113.0.203.Bl.Example.": 41 + 61} {
		octets, err := s.reply(new(dns.Msg).SetQuestion(name, dns.TypeA), transportUDP, start)
		if err != nil || len(octets) != want {
			t.Errorf("%s: %d octets, want %d (%v)", name, len(octets), want, err)
		}
	}
}

func BenchmarkServer_reply(b *testing.B) {
	s := newStory(b)
	for _, query := range []struct {
		name  string
		asked *dns.Msg
	}{
		{"listed A", new(dns.Msg).SetQuestion(listed4, dns.TypeA)},
		{"listed TXT", new(dns.Msg).SetQuestion(listed4, dns.TypeTXT)},
		{"unlisted A", new(dns.Msg).SetQuestion(unlisted4, dns.TypeA)},
		{"unlisted A with EDNS", withEDNS(unlisted4, dns.TypeA, 1232, true)},
		{"listed IPv6", new(dns.Msg).SetQuestion(QueryName(netip.MustParseAddr("2001:db8:bad::1"), "bl.example"), dns.TypeA)},
		{"partial name", new(dns.Msg).SetQuestion("113.0.203.bl.example.", dns.TypeNS)},
	} {
		b.Run(query.name, func(b *testing.B) {
			packet, err := query.asked.Pack()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				asked, ok := s.read(packet)
				if !ok {
					b.Fatal("not a query")
				}
				if _, err := s.reply(asked, transportUDP, start); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseSubject(b *testing.B) {
	for _, written := range []string{"7.113.0.203", strings.Repeat("f.", 31) + "2", "www"} {
		front := frontOf(written)
		b.Run(written[:3], func(b *testing.B) {
			for b.Loop() {
				parseSubject(front)
			}
		})
	}
}
