package dnsbl

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// withEDNS returns a query with an OPT record.
func withEDNS(name string, qtype uint16, size uint16, do bool) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, qtype).SetEdns0(size, do)
}

func TestR12_otherNamesAreRefused(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, name := range []string{".", "example.", "example.org.", "7.113.0.203.other.example.", `x\.bl.example.`, "notbl.example."} {
			for _, qtype := range []uint16{dns.TypeA, dns.TypeNS, dns.TypeSOA, dns.TypeANY} {
				expectBare(c, c.ask(name, qtype), dns.RcodeRefused)
			}
		}
		reply := c.exchange(withEDNS("example.org.", dns.TypeA, 1232, false))
		if got := extendedErrors(reply); !slices.Equal(got, []uint16{dns.ExtendedErrorCodeNotAuthoritative}) {
			c.Errorf("extended errors %v, want Not Authoritative", got)
		}
	})
}

func TestR13_otherClassesAreRefused(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, class := range []uint16{dns.ClassCHAOS, dns.ClassHESIOD, dns.ClassNONE, dns.ClassANY, 0, 4711} {
			for _, name := range []string{listed4, "2.0.0.127.bl.example.", "bl.example.", "version.bind."} {
				query := new(dns.Msg).SetQuestion(name, dns.TypeTXT)
				query.Question[0].Qclass = class
				expectBare(c, c.exchange(query), dns.RcodeRefused)
			}
		}
	})
}

func TestR14_otherOpcodesAreNotImplemented(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for opcode := 1; opcode < 16; opcode++ {
			query := new(dns.Msg).SetQuestion(listed4, dns.TypeA)
			query.Opcode = opcode
			reply := c.exchange(query)
			expectBare(c, reply, dns.RcodeNotImplemented)
			if reply.Opcode != opcode || !reply.Response || reply.Id != query.Id {
				c.Errorf("opcode %d: reply %v", opcode, reply)
			}
		}
	})
}

func TestR14_oneQuestionOrFormatError(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, count := range []int{0, 2, 3} {
			query := new(dns.Msg).SetQuestion(listed4, dns.TypeA)
			query.Question = slices.Repeat(query.Question, count)
			expectBare(c, c.exchange(query), dns.RcodeFormatError)
		}
	})
}

func TestR14_repliesAndScrapsGetSilence(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		reply := new(dns.Msg).SetQuestion(listed4, dns.TypeA)
		reply.Response = true
		octets, err := reply.Pack()
		if err != nil {
			c.Fatal(err)
		}
		c.silent(octets)
		for length := range 12 {
			c.silent(octets[:length])
		}
	})
}

func TestR14_zoneTransferIsRefused(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, name := range []string{"bl.example.", listed4, "example.org."} {
			expectBare(c, c.ask(name, dns.TypeAXFR), dns.RcodeRefused)
			query := new(dns.Msg).SetIxfr(name, 1, "ns1.bl.example.", "hostmaster.bl.example.")
			expectBare(c, c.exchange(query), dns.RcodeRefused)
		}
	})
}

func TestR15_headerBits(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		for _, name := range []string{listed4, unlisted4, "113.0.203.bl.example.", "bl.example.", "example.org."} {
			for _, recursion := range []bool{true, false} {
				query := new(dns.Msg).SetQuestion(name, dns.TypeA)
				query.RecursionDesired = recursion
				query.RecursionAvailable, query.AuthenticatedData, query.Zero, query.CheckingDisabled = true, true, true, true
				expectHeader(c, query, c.exchange(query))
			}
		}
		// Replies that the DNS library gives on its own.
		malformed := new(dns.Msg).SetQuestion(listed4, dns.TypeA)
		malformed.RecursionAvailable, malformed.AuthenticatedData, malformed.Zero = true, true, true
		malformed.Question = nil
		expectHeader(c, malformed, c.exchange(malformed))
	})
}

func expectHeader(c client, query, reply *dns.Msg) {
	c.Helper()
	if reply.Id != query.Id || reply.RecursionDesired != query.RecursionDesired || !reply.Response {
		c.Errorf("id, RD or QR: %v to %v", reply.MsgHdr, query.MsgHdr)
	}
	if reply.RecursionAvailable || reply.AuthenticatedData || reply.Zero || reply.Truncated {
		c.Errorf("RA, AD, Z or TC is set: %v", reply.MsgHdr)
	}
}

func TestR16_OPTIfAndOnlyIfAsked(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.overTransports(t, func(c client) {
		for _, name := range []string{listed4, unlisted4, "113.0.203.bl.example.", "bl.example.", "example.org."} {
			if reply := c.ask(name, dns.TypeA); len(reply.Extra) != 0 {
				c.Errorf("%s: additional records that nobody asked for: %v", name, reply.Extra)
			}
			for _, do := range []bool{true, false} {
				expectOPT(c, c.exchange(withEDNS(name, dns.TypeA, 4096, do)), do)
			}
		}
		s.become(NotReady)
		defer s.become(Current)
		expectOPT(c, c.exchange(withEDNS(listed4, dns.TypeA, 4096, true)), true)
	})
}

func expectOPT(c client, reply *dns.Msg, do bool) {
	c.Helper()
	if len(reply.Extra) != 1 || reply.IsEdns0() == nil {
		c.Errorf("want one OPT record, got %v", reply.Extra)
		return
	}
	if opt := reply.IsEdns0(); opt.Do() != do || opt.Version() != 0 || opt.UDPSize() != 1232 || opt.Z() != 0 {
		c.Errorf("want DO %t, version 0, size 1232, got %v", do, opt)
	}
}

func TestR16_unknownVersionIsBADVERS(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		query := withEDNS(listed4, dns.TypeA, 4096, true)
		query.IsEdns0().SetVersion(1)
		reply := c.exchange(query)
		expectOPT(c, reply, true)
		if reply.Rcode != dns.RcodeBadVers || len(reply.Answer)+len(reply.Ns) != 0 {
			c.Errorf("want BADVERS, got %v", reply)
		}
	})
}

func TestR16_unknownOptionsAndFlagsAreIgnored(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		query := withEDNS(listed4, dns.TypeA, 4096, false)
		opt := query.IsEdns0()
		opt.SetZ(0x2bcd)
		opt.Option = []dns.EDNS0{
			&dns.EDNS0_LOCAL{Code: 65001, Data: []byte("what")},
			&dns.EDNS0_NSID{Code: dns.EDNS0NSID},
		}
		reply := c.exchange(query)
		expectOPT(c, reply, false)
		if got := codes(c, reply); len(got) != 3 || len(reply.IsEdns0().Option) != 0 {
			c.Errorf("want the listing without options, got %v", reply)
		}
	})
}

func TestR16_twoOPTRecordsAreAFormatError(t *testing.T) {
	t.Parallel()
	newStory(t).overTransports(t, func(c client) {
		query := withEDNS(listed4, dns.TypeA, 4096, false)
		query.Extra = append(query.Extra, query.Extra[0])
		expectBare(c, c.exchange(query), dns.RcodeFormatError)
		query = withEDNS(listed4, dns.TypeA, 4096, false)
		query.Extra[0].Header().Name = "bl.example."
		expectBare(c, c.exchange(query), dns.RcodeFormatError)
	})
}

// manyCategories is a policy whose listing does not fit 512 octets.
func manyCategories() []scoring.Category {
	var categories []scoring.Category
	for i := range scoring.MaxCategories {
		categories = append(categories, scoring.Category{Name: "category" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Code: uint8(3 + i)})
	}
	return categories
}

func TestR17_whatDoesNotFitIsTruncatedOverUDP(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.responder.categories = manyCategories
	s.board.list("203.0.113.9", 0, listedFor(dayLong, scoring.AllCategories))
	s.overTransports(t, func(c client) {
		const name = "9.113.0.203.bl.example."
		whole := c.network == "tcp"
		for _, query := range []*dns.Msg{new(dns.Msg).SetQuestion(name, dns.TypeA), withEDNS(name, dns.TypeA, 512, false), withEDNS(name, dns.TypeA, 0, false)} {
			reply := c.exchange(query)
			if reply.Truncated == whole || len(reply.Answer) > 0 != whole || reply.Rcode != dns.RcodeSuccess {
				c.Errorf("want the whole answer or none and TC, got %v", reply)
			}
		}
		good := cookieOf(c.exchange(withCookie(name, dns.TypeSOA, "24a5ac0012345678")))
		if reply := c.exchange(withCookie(name, dns.TypeA, good)); reply.Truncated || len(reply.Answer) != 33 {
			c.Errorf("33 records fit 1232 octets, got %v", reply)
		}
	})
}

func TestR17_TCPTakesPipelinedAndSplitQueries(t *testing.T) {
	t.Parallel()
	overFamilies(t, func(t *testing.T, loopback string) {
		s := newStory(t).listen(t, loopback)
		c := client{t, "tcp", s.Addrs()[0]}
		conn := c.dial()
		defer conn.Close()
		var stream []byte
		var ids []uint16
		for range 50 {
			query := new(dns.Msg).SetQuestion(listed4, dns.TypeA)
			octets, err := query.Pack()
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, query.Id)
			stream = append(binary.BigEndian.AppendUint16(stream, uint16(len(octets))), octets...)
		}
		// Segments of 7 octets end within lengths, headers and names.
		for segment := range slices.Chunk(stream, 7) {
			if _, err := conn.Write(segment); err != nil {
				t.Fatal(err)
			}
		}
		for i, id := range ids {
			if reply := parse(t, conn.receive()); reply.Id != id || len(reply.Answer) != 3 {
				t.Fatalf("reply %d: %v", i, reply)
			}
		}
	})
}

func TestR17_TCPConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	overFamilies(t, func(t *testing.T, loopback string) {
		s := newStory(t)
		s.conns.limit = 2
		s.listen(t, loopback)
		c := client{t, "tcp", s.Addrs()[0]}
		first, second := c.dial(), c.dial()
		query, err := new(dns.Msg).SetQuestion(listed4, dns.TypeA).Pack()
		if err != nil {
			t.Fatal(err)
		}
		for _, conn := range []connection{first, second} {
			conn.send(query)
			conn.receive()
		}
		// The third is closed at once: it brings no reply, however the end shows.
		third := c.dial()
		_, _ = third.Write(append([]byte{0, byte(len(query))}, query...))
		if n, err := third.Read(make([]byte, 1)); n != 0 || isTimeout(err) {
			t.Fatalf("the third connection was not closed: %d octets, %v", n, err)
		}
		first.Close()
		// The server notices the end at its own time; then there is a place again.
		for {
			conn := c.dial()
			if _, err := conn.Write(append([]byte{0, byte(len(query))}, query...)); err == nil {
				if n, err := conn.Read(make([]byte, 1)); n == 1 {
					return
				} else if isTimeout(err) {
					t.Fatal(err)
				}
			}
			conn.Close()
		}
	})
}
