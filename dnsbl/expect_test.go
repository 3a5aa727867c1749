package dnsbl

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// codes returns the last octets of a reply's A records, which must be a well
// formed listing.
func codes(t testing.TB, reply *dns.Msg) []int {
	t.Helper()
	var last []int
	for _, record := range reply.Answer {
		a, is := record.(*dns.A)
		if !is {
			t.Errorf("want A records alone, got %v", record)
			continue
		}
		octets := a.A.To4()
		if octets[0] != 127 || octets[1] != 0 || octets[2] != 0 || octets[3] < 2 || octets[3] > 127 {
			t.Errorf("%s is no return code", a.A)
		}
		last = append(last, int(octets[3]))
	}
	return last
}

// text returns the one string of a reply's one TXT record.
func text(t testing.TB, reply *dns.Msg) string {
	t.Helper()
	if reply.Rcode != dns.RcodeSuccess || !reply.Authoritative || len(reply.Answer) != 1 || len(reply.Ns) != 0 {
		t.Errorf("want one TXT record, got %v", reply)
		return ""
	}
	record, is := reply.Answer[0].(*dns.TXT)
	if !is || len(record.Txt) != 1 || len(record.Txt[0]) > 255 {
		t.Errorf("want one TXT record of one string, got %v", reply.Answer)
		return ""
	}
	return record.Txt[0]
}

// expectDenied wants no answer, the rcode, and the apex's SOA alone.
func expectDenied(t testing.TB, reply *dns.Msg, rcode int) {
	t.Helper()
	expectDeniedIn(t, reply, rcode, "bl.example.")
}

func expectDeniedIn(t testing.TB, reply *dns.Msg, rcode int, origin string) {
	t.Helper()
	if reply.Rcode != rcode || !reply.Authoritative || len(reply.Answer) != 0 || len(reply.Ns) != 1 {
		t.Errorf("want authoritative %s with one SOA, got %v", dns.RcodeToString[rcode], reply)
		return
	}
	soa, is := reply.Ns[0].(*dns.SOA)
	if !is || !strings.EqualFold(soa.Hdr.Name, origin) || soa.Hdr.Ttl != 60 || soa.Minttl != 60 {
		t.Errorf("want the SOA of %s with TTL and minimum 60, got %v", origin, reply.Ns[0])
	}
}

// expectBare wants an rcode and nothing else: no record, no authority.
func expectBare(t testing.TB, reply *dns.Msg, rcode int) {
	t.Helper()
	if reply.Rcode != rcode || reply.Authoritative || len(reply.Answer)+len(reply.Ns) != 0 {
		t.Errorf("want %s without records, got %v", dns.RcodeToString[rcode], reply)
	}
	for _, record := range reply.Extra {
		if _, is := record.(*dns.OPT); !is {
			t.Errorf("want no record, got %v", record)
		}
	}
}

// extendedErrors returns the codes of RFC 8914 in a reply.
func extendedErrors(reply *dns.Msg) []uint16 {
	var found []uint16
	if opt := reply.IsEdns0(); opt != nil {
		for _, option := range opt.Option {
			if extended, is := option.(*dns.EDNS0_EDE); is {
				found = append(found, extended.InfoCode)
			}
		}
	}
	return found
}

func joined(records []dns.RR) string {
	var lines []string
	for _, record := range records {
		lines = append(lines, record.String())
	}
	return strings.Join(lines, "|")
}
