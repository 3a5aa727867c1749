package dnsbl

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// keyPlaceholder stands for an access key in names that are told to people.
const keyPlaceholder = "KEY"

// Explanation is what a server answers about a name at the moment, and why.
type Explanation struct {
	// Name is what was asked. The names that [Server.ExplainAddr] makes have
	// KEY where an access key belongs.
	Name string
	// Zone is the zone that the name lies in, without the final dot; empty:
	// none.
	Zone string
	// Addr is the address that the name stands for; invalid: none.
	Addr   netip.Addr
	Reason Reason
	// Range names the special range of Addr; empty: none.
	Range string
	// Rcode is the response code, such as NXDOMAIN.
	Rcode string
	// Codes are the A records, Text is the TXT record; both are empty unless
	// the name is listed.
	Codes []netip.Addr
	Text  string
	// TTL is how long the answer may be cached, in whole seconds; 0: not at
	// all.
	TTL time.Duration
	// Extended are the extended errors (RFC 8914) by name.
	Extended []string
	// Key is the name, not the label, of the access key in Name.
	Key string
	// NeedsKey: the zone is for those who know a key alone.
	NeedsKey bool
	// Restricted: the zone is for clients of some networks alone.
	Restricted bool
}

// Explain tells what the server would answer a client about a name, by asking
// what answers queries, without counting it. An invalid client is one that may
// ask. Rates are left out: they change no answer, only the way to it.
func (s *Server) Explain(name string, client netip.Addr) Explanation {
	return s.explain(dns.Fqdn(name), client.Unmap().WithZone(""))
}

// ExplainAddr is [Server.Explain] for the name of an address in one zone; false:
// the server has no such zone. Where a key is needed it is one that the zone
// knows.
func (s *Server) ExplainAddr(addr netip.Addr, origin string, client netip.Addr) (Explanation, bool) {
	zone := s.zones.Load().byOrigin[string(frontOf(origin))]
	if zone == nil {
		return Explanation{}, false
	}
	client = client.Unmap().WithZone("")
	if len(zone.Keys) == 0 {
		return s.explain(QueryName(addr, zone.Origin), client), true
	}
	e := s.explain(QueryName(addr, zone.Keys[0].Key+"."+zone.Origin), client)
	e.Name, e.Key = QueryName(addr, keyPlaceholder+"."+zone.Origin), ""
	return e, true
}

// explain asks for A and TXT at one moment.
func (s *Server) explain(name string, client netip.Addr) Explanation {
	e := Explanation{Name: name, Reason: ReasonMalformed, Rcode: dns.RcodeToString[dns.RcodeFormatError]}
	q, ok := newQuestion(dns.Question{Name: name, Qtype: dns.TypeA, Qclass: dns.ClassINET})
	if !ok {
		return e
	}
	zones, now := s.zones.Load(), s.now()
	if zone, _ := zones.find(&q.name); zone != nil && !client.IsValid() && len(zone.Allow) > 0 {
		client = zone.Allow[0].Addr().Unmap()
	}
	addresses := s.responder.answer(zones, &q, client, now)
	q.qtype = dns.TypeTXT
	text := s.responder.answer(zones, &q, client, now)

	e.Reason, e.Rcode, e.Addr, e.Key = addresses.why, dns.RcodeToString[addresses.rcode], addresses.about, addresses.key
	if zone := addresses.zone; zone != nil {
		e.Zone, e.NeedsKey, e.Restricted = labelOf(zone), zone.keys != nil, zone.allowed != nil
	}
	if e.Reason == ReasonSpecialRange {
		e.Range, _ = scoring.Special(e.Addr)
	}
	for _, code := range addresses.extended {
		e.Extended = append(e.Extended, cmp.Or(dns.ExtendedErrorCodeToString[code], fmt.Sprint(code)))
	}
	e.read(addresses)
	e.read(text)
	return e
}

// read takes over what the records of an answer say.
func (e *Explanation) read(a answer) {
	records := a.records
	if len(records) == 0 {
		records = a.authority
	}
	for _, record := range records {
		e.TTL = time.Duration(record.Header().Ttl) * time.Second
		switch record := record.(type) {
		case *dns.A:
			if code, ok := netip.AddrFromSlice(record.A.To4()); ok && e.Addr.IsValid() {
				e.Codes = append(e.Codes, code)
			}
		case *dns.TXT:
			e.Text = strings.Join(record.Txt, "")
		}
	}
}
