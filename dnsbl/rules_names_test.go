package dnsbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"penaltybox/scoring"
)

// The tests R01 to R29 hold what clients and resolvers need of a DNS
// blocklist, each over UDP and TCP, IPv4 and IPv6 where a wire is involved.

// someTypes are types that resolvers and clients really ask for.
var someTypes = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypeNS, dns.TypeSOA, dns.TypeCNAME, dns.TypeDS,
	dns.TypeDNSKEY, dns.TypeHTTPS, dns.TypeSRV, dns.TypePTR, dns.TypeANY, dns.TypeRRSIG, 65280,
}

const (
	listed4    = "7.113.0.203.bl.example."
	unlisted4  = "66.113.0.203.bl.example."
	listedTiny = "1.0.0.2.bl.example." // 2.0.0.1
)

func query6(addr string) string { return QueryName(netip.MustParseAddr(addr), "bl.example") }

func TestR01_listedIPv4HasA(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		reply := c.ask(listed4, dns.TypeA)
		if reply.Rcode != dns.RcodeSuccess || !reply.Authoritative || len(reply.Ns)+len(reply.Extra) != 0 {
			c.Errorf("want an authoritative answer alone, got %v", reply)
		}
		if got := codes(c, reply); !slices.Equal(got, []int{2, 3, 4}) {
			c.Errorf("codes %v, want 2, 3 (ssh), 4 (web)", got)
		}
	})
}

func TestR02_unlistedIsDeniedWithOneSOA(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, qtype := range someTypes {
			expectDenied(c, c.ask(unlisted4, qtype), dns.RcodeNameError)
			expectDenied(c, c.ask(query6("2001:db8::66"), qtype), dns.RcodeNameError)
		}
	})
}

func TestR03_listedHasTXTWithoutAskingA(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for name, want := range map[string]string{
			listed4:                   "203.0.113.7 listed until 2026-11-23T10:00:00Z (ssh, web), see https://bl.example/lookup",
			query6("2001:db8:bad::9"): "2001:db8:bad::9 listed until 2026-11-23T10:00:00Z (ssh, web), see https://bl.example/lookup",
			query6("2001:db8:bad::1"): "2001:db8:bad::1 listed until 2026-11-23T10:00:00Z (ssh, web), see https://bl.example/lookup",
		} {
			if got := text(c, c.ask(name, dns.TypeTXT)); got != want {
				c.Errorf("%s: text %q, want %q", name, got, want)
			}
		}
	})
}

func TestR03_textFitsOneString(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := Zone{Origin: "bl.example", Categories: scoring.AllCategories, Contact: rapid.StringMatching(`[a-z:/?=.]{0,150}`).Draw(t, "contact")}
		categories := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) scoring.Category {
			return scoring.Category{Name: rapid.StringMatching(`[a-z][a-z0-9]{0,15}`).Draw(t, "name"), Code: rapid.Uint8Range(3, 127).Draw(t, "code")}
		}), 0, scoring.MaxCategories).Draw(t, "categories")
		served := newServedZone(zone.withDefaults(), 1)
		verdict := scoring.Verdict{Listed: true, Until: start, Next: start, Categories: scoring.CategorySet(rapid.Uint32().Draw(t, "set"))}
		got := served.newListing(drawAddr(t), verdict, categories, start)
		if len(got.text) > 255 || !strings.HasSuffix(got.text, zone.Contact) {
			t.Fatalf("text of %d octets: %q", len(got.text), got.text)
		}
		for _, r := range got.text {
			if r < ' ' || r > '~' {
				t.Fatalf("text %q: not printable ASCII", got.text)
			}
		}
	})
}

func TestR04_listedIPv6HasAandTXTbutNoAAAA(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		name := query6("2001:db8:bad::1")
		if got := codes(c, c.ask(name, dns.TypeA)); !slices.Equal(got, []int{2, 3, 4}) {
			c.Errorf("codes %v", got)
		}
		if got := text(c, c.ask(name, dns.TypeTXT)); !strings.HasPrefix(got, "2001:db8:bad::1 listed") {
			c.Errorf("text %q", got)
		}
		expectDenied(c, c.ask(name, dns.TypeAAAA), dns.RcodeSuccess)
	})
}

func TestR04d_mappedIPv6AnswersAsIPv4(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		// The name that couriertcpd asks, not made by QueryName.
		mapped := func(last string) string {
			return last + "1.7.0.0.b.c.f.f.f.f." + strings.Repeat("0.", 20) + "bl.example."
		}
		if got := text(c, c.ask(mapped("7.0."), dns.TypeTXT)); !strings.HasPrefix(got, "203.0.113.7 listed") {
			c.Errorf("text %q", got)
		}
		if got := codes(c, c.ask(mapped("7.0."), dns.TypeA)); !slices.Equal(got, []int{2, 3, 4}) {
			c.Errorf("codes %v", got)
		}
		expectDenied(c, c.ask(mapped("2.4."), dns.TypeA), dns.RcodeNameError)
	})
}

func TestR05_testEntriesNeedNoListings(t *testing.T) {
	t.Parallel()
	few := defaultZone
	few.Origin, few.Categories, few.Nameservers = "ssh.bl.example", ssh, nil
	s := newStory(t, defaultZone, few)
	s.board.verdicts = nil
	for _, state := range []State{Current, Stale, TooStale, NotReady} {
		s.become(state)
		for last := range 256 {
			s.expectTestEntry(t, byte(last), "bl.example.", last >= 2 && last <= 11)
			s.expectTestEntry(t, byte(last), "ssh.bl.example.", last == 2 || last == 3)
		}
	}
	s.overTransports(t, func(c client) {
		if got := codes(c, c.ask("2.0.0.127.bl.example.", dns.TypeA)); !slices.Equal(got, []int{2}) {
			c.Errorf("127.0.0.2: codes %v", got)
		}
		if got := text(c, c.ask("2.0.0.127.bl.example.", dns.TypeTXT)); got == "" {
			c.Error("127.0.0.2: no text")
		}
		expectDenied(c, c.ask("1.0.0.127.bl.example.", dns.TypeA), dns.RcodeNameError)
	})
	if s.board.asked != 0 {
		t.Errorf("the board was asked %d times about test entries", s.board.asked)
	}
}

// expectTestEntry asks for 127.0.0.LAST and its mapped form ::ffff:7f00:LAST.
func (s *story) expectTestEntry(t *testing.T, last byte, origin string, listed bool) {
	t.Helper()
	mapped := fmt.Sprintf("%x.%x.0.0.0.0.f.7.f.f.f.f.", last&0xf, last>>4) + strings.Repeat("0.", 20)
	for _, front := range []string{fmt.Sprintf("%d.0.0.127.", last), mapped} {
		a, txt := s.handle(t, front+origin, dns.TypeA), s.handle(t, front+origin, dns.TypeTXT)
		if !listed {
			expectDeniedIn(t, a, dns.RcodeNameError, origin)
			expectDeniedIn(t, txt, dns.RcodeNameError, origin)
			continue
		}
		if got, want := codes(t, a), slices.Compact([]int{2, int(last)}); !slices.Equal(got, want) {
			t.Errorf("%s: codes %v, want %v", front, got, want)
		}
		if got := text(t, txt); !strings.HasPrefix(got, fmt.Sprintf("127.0.0.%d is a test entry, always listed", last)) {
			t.Errorf("%s: text %q", front, got)
		}
	}
}

// R6 asks for TEST and INVALID where names are listed (RFC 5782 §3). Addresses
// only are listed here, so that neither is.
func TestR06_namesAreNeverListed(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, name := range []string{"test.", "TEST.", "invalid.", "host.example."} {
			expectDenied(c, c.ask(name+"bl.example.", dns.TypeA), dns.RcodeNameError)
		}
	})
}

func TestR07_caseIsIgnoredAndEchoed(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, name := range []string{
			"7.113.0.203.bL.eXaMpLe.", "66.113.0.203.BL.EXAMPLE.", strings.ToUpper(query6("2001:db8:bad::1")),
			"Bl.Example.", "wWw.bl.examplE.", `a\000\255\.B.bl.example.`, "OUT.side.Example.",
		} {
			query, err := new(dns.Msg).SetQuestion(name, dns.TypeA).Pack()
			if err != nil {
				c.Fatal(err)
			}
			reply := c.raw(query)
			if len(reply) < len(query) || string(reply[12:len(query)]) != string(query[12:]) {
				c.Errorf("%s: question came back otherwise: %x", name, reply)
			}
		}
		if got := codes(c, c.ask("7.113.0.203.bL.eXaMpLe.", dns.TypeA)); len(got) != 3 {
			c.Errorf("codes %v of a listed address in mixed case", got)
		}
	})
}

func TestR08_partialNamesExistWithoutData(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, full := range []string{listed4, unlisted4, query6("2001:db8:bad::1"), query6("2001:db8::66")} {
			partial := full
			for {
				_, partial, _ = strings.Cut(partial, ".")
				if partial == "bl.example." {
					break
				}
				for _, qtype := range []uint16{dns.TypeA, dns.TypeNS, dns.TypeTXT, dns.TypeANY, dns.TypeDS} {
					if strings.Count(partial, ".") == 6 && qtype != dns.TypeDS {
						continue // four nibbles may be a listed IPv4 address: R8d
					}
					expectDenied(c, c.ask(partial, qtype), dns.RcodeSuccess)
				}
			}
		}
	})
}

// Whatever is listed, no name above an address is ever denied.
func TestR08_noNameAboveAnAddressIsDenied(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	rapid.Check(t, func(t *rapid.T) {
		partial := QueryName(drawAddr(t), "bl.example")
		for partial != "bl.example." {
			_, partial, _ = strings.Cut(partial, ".")
			query := new(dns.Msg).SetQuestion(partial, rapid.SampledFrom(someTypes).Draw(t, "type"))
			if _, a := s.decide(query, asker{addr: asking, via: transportUDP}, start); a.rcode != dns.RcodeSuccess {
				t.Fatalf("%s is denied", partial)
			}
		}
	})
}

func TestR08d_doubleMeaningIsListedOrWithoutData(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.overTransports(t, func(c client) {
		if got := codes(c, c.ask(listedTiny, dns.TypeA)); !slices.Equal(got, []int{2, 3, 4}) {
			c.Errorf("2.0.0.1: codes %v", got)
		}
		for _, qtype := range someTypes {
			expectDenied(c, c.ask("2.0.0.2.bl.example.", qtype), dns.RcodeSuccess)
			expectDenied(c, c.ask("9.0.0.0.bl.example.", qtype), dns.RcodeSuccess) // 0.0.0.9, never listed
		}
		expectDenied(c, c.ask("10.0.0.2.bl.example.", dns.TypeA), dns.RcodeNameError)
	})
}

func TestR09_listedNameExistsForEveryType(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, name := range []string{listed4, listedTiny, query6("2001:db8:bad::1"), "2.0.0.127.bl.example."} {
			for _, qtype := range someTypes {
				reply := c.ask(name, qtype)
				switch qtype {
				case dns.TypeA, dns.TypeTXT:
				case dns.TypeANY:
					if len(reply.Answer) == 0 || len(reply.Answer) != len(codes(c, reply)) {
						c.Errorf("%s ANY: want the A records alone, got %v", name, reply.Answer)
					}
				default:
					expectDenied(c, reply, dns.RcodeSuccess)
				}
			}
		}
	})
}

func TestR10_whatIsNoAddressDoesNotExist(t *testing.T) {
	t.Parallel()
	vectors := readNameVectors(t)
	newStory(t).overTransports(t, func(c client) {
		asked := 0
		for _, v := range vectors.Vectors {
			if v.Means != "nothing" {
				continue
			}
			asked++
			for _, qtype := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypeNS} {
				expectDenied(c, c.ask(v.Name, qtype), dns.RcodeNameError)
			}
		}
		if asked < 15 {
			c.Errorf("only %d names", asked)
		}
	})
}

func TestR11_apexAndNameServers(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for name, want := range map[string]map[uint16]string{
			"bl.example.": {
				dns.TypeSOA: "bl.example.\t60\tIN\tSOA\tns1.bl.example. hostmaster.bl.example. " + strconv.FormatInt(start.Unix(), 10) + " 300 60 86400 60",
				dns.TypeNS:  "bl.example.\t60\tIN\tNS\tns1.bl.example.|bl.example.\t60\tIN\tNS\tns2.elsewhere.example.",
				dns.TypeANY: "bl.example.\t60\tIN\tSOA\tns1.bl.example. hostmaster.bl.example. " + strconv.FormatInt(start.Unix(), 10) + " 300 60 86400 60",
			},
			"ns1.bl.example.": {
				dns.TypeA:    "ns1.bl.example.\t60\tIN\tA\t192.0.2.53",
				dns.TypeAAAA: "ns1.bl.example.\t60\tIN\tAAAA\t2001:db8::53",
				dns.TypeANY:  "ns1.bl.example.\t60\tIN\tA\t192.0.2.53",
			},
		} {
			for _, qtype := range someTypes {
				reply := c.ask(name, qtype)
				if want[qtype] == "" {
					expectDenied(c, reply, dns.RcodeSuccess)
				} else if got := joined(reply.Answer); got != want[qtype] || !reply.Authoritative {
					c.Errorf("%s %s: got %s, want %s", name, dns.TypeToString[qtype], got, want[qtype])
				}
			}
		}
		expectDenied(c, c.ask("ns2.bl.example.", dns.TypeA), dns.RcodeNameError)
		expectDenied(c, c.ask("x.ns1.bl.example.", dns.TypeA), dns.RcodeNameError)
	})
}

// A zone below another, and a name server's name, need the names between them
// to exist (RFC 8020).
func TestR11_namesBetweenZonesExist(t *testing.T) {
	t.Parallel()
	deep := Zone{Origin: "ssh.strict.bl.example", Rule: 1, Categories: ssh}
	outer := defaultZone
	outer.Nameservers = []Nameserver{{Name: "one.ns.bl.example", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.53")}}}
	s := newStory(t, deep, outer)
	s.board.list("203.0.113.8", 1, listedFor(time.Hour, ssh))
	s.overTransports(t, func(c client) {
		expectDenied(c, c.ask("strict.bl.example.", dns.TypeNS), dns.RcodeSuccess)
		expectDenied(c, c.ask("ns.bl.example.", dns.TypeA), dns.RcodeSuccess)
		expectDenied(c, c.ask("other.bl.example.", dns.TypeA), dns.RcodeNameError)
		// The DS record of a zone belongs to the enclosing one.
		expectDenied(c, c.ask("ssh.strict.bl.example.", dns.TypeDS), dns.RcodeSuccess)
		if got := joined(c.ask("ssh.strict.bl.example.", dns.TypeNS).Answer); !strings.Contains(got, "ns.ssh.strict.bl.example.") {
			c.Errorf("inner apex: %s", got)
		}
		// The longest origin decides, each by its own rule.
		if got := codes(c, c.ask("8.113.0.203.ssh.strict.bl.example.", dns.TypeA)); !slices.Equal(got, []int{2, 3}) {
			c.Errorf("inner zone: codes %v", got)
		}
		expectDenied(c, c.ask("8.113.0.203.bl.example.", dns.TypeA), dns.RcodeNameError)
		expectDeniedIn(c, c.ask("7.113.0.203.ssh.strict.bl.example.", dns.TypeA), dns.RcodeNameError, "ssh.strict.bl.example.")
	})
}
