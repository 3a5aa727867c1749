package dnsbl

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// updateScene is what an update finds: a zone at one moment.
type updateScene struct {
	server *Server
	zones  *zoneSet
	zone   *servedZone
	now    time.Time
}

// updateChange is what an update wants of an address.
type updateChange struct {
	addr     netip.Addr // invalid: it wants nothing
	withdraw bool
	add      bool
	text     string // of the added TXT record
}

// frontOf returns the labels of a name in front of the zone, and false when the
// name is not in the zone (RFC 2136 §3.4.1.2), or in one below it.
func (u *updateScene) frontOf(name string) ([]byte, bool) {
	q, ok := newQuestion(dns.Question{Name: name})
	if !ok {
		return nil, false
	}
	zone, front := u.zones.find(&q.name)
	return slices.Clone(front), zone == u.zone
}

// records returns what a query for a name and type is answered with.
func (u *updateScene) records(name string, front []byte, qtype uint16) ([]dns.RR, int) {
	q := question{written: name, qtype: qtype, qclass: dns.ClassINET}
	a := u.server.responder.answerSubject(u.zone, &q, front, parseSubject(front), u.now)
	if a.rcode == dns.RcodeServerFailure {
		return nil, a.rcode
	}
	return a.records, dns.RcodeSuccess
}

// unmet evaluates prerequisites against what the zone answers (RFC 2136 §3.2),
// and returns what the first that is not met is answered with.
func (u *updateScene) unmet(prerequisites []dns.RR) int {
	wanted := map[dns.Question][]dns.RR{} // whole sets (§3.2.3)
	for _, record := range prerequisites {
		h := record.Header()
		front, within := u.frontOf(h.Name)
		switch {
		case !within:
			return dns.RcodeNotZone
		case h.Ttl != 0:
			return dns.RcodeFormatError
		case h.Class == dns.ClassINET:
			set := dns.Question{Name: dns.CanonicalName(h.Name), Qtype: h.Rrtype}
			wanted[set] = append(wanted[set], record)
			continue
		case h.Class != dns.ClassANY && h.Class != dns.ClassNONE || h.Rdlength != 0:
			return dns.RcodeFormatError
		}
		found, rcode := u.records(h.Name, front, h.Rrtype)
		if rcode != dns.RcodeSuccess {
			return rcode
		}
		if rcode := unmetBy(len(found) > 0, h); rcode != dns.RcodeSuccess {
			return rcode
		}
	}
	for set, records := range wanted {
		front, _ := u.frontOf(set.Name)
		found, rcode := u.records(set.Name, front, set.Qtype)
		if rcode != dns.RcodeSuccess {
			return rcode
		}
		if !sameSet(found, records) {
			return dns.RcodeNXRrset
		}
	}
	return dns.RcodeSuccess
}

// unmetBy answers one prerequisite that something exists (class ANY) or does
// not (class NONE), by whether it does.
func unmetBy(exists bool, wanted *dns.RR_Header) int {
	name := wanted.Rrtype == dns.TypeANY
	switch {
	case wanted.Class == dns.ClassANY && !exists && name:
		return dns.RcodeNameError
	case wanted.Class == dns.ClassANY && !exists:
		return dns.RcodeNXRrset
	case wanted.Class == dns.ClassNONE && exists && name:
		return dns.RcodeYXDomain
	case wanted.Class == dns.ClassNONE && exists:
		return dns.RcodeYXRrset
	}
	return dns.RcodeSuccess
}

// sameSet compares sets of records without their TTLs.
func sameSet(a, b []dns.RR) bool {
	within := func(a, b []dns.RR) bool {
		for _, record := range a {
			if !slices.ContainsFunc(b, func(other dns.RR) bool { return sameRecord(record, other) }) {
				return false
			}
		}
		return true
	}
	return within(a, b) && within(b, a)
}

// sameRecord compares what two records say.
func sameRecord(a, b dns.RR) bool {
	one, isTXT := a.(*dns.TXT)
	other, isTXTToo := b.(*dns.TXT)
	if isTXT && isTXTToo {
		return slices.Equal(one.Txt, other.Txt)
	}
	return dns.IsDuplicate(a, b)
}

// read checks an update section (RFC 2136 §3.4.1) and returns what it wants. The
// outcome is empty unless it cannot be done.
func (u *updateScene) read(records []dns.RR) (updateChange, outcome) {
	var change updateChange
	for _, record := range records {
		h := record.Header()
		front, within := u.frontOf(h.Name)
		switch {
		case !within:
			return change, outcome{updateRefused, dns.RcodeNotZone, h.Name + " lies outside the zone"}
		case malformedUpdate(h):
			return change, outcome{updateMalformed, dns.RcodeFormatError, "its record of " + h.Name + " is malformed"}
		}
		subject := parseSubject(front)
		switch {
		case subject.place != placeAddress:
			return change, refusedUpdate(h.Name + " is not the name of an address")
		case change.addr.IsValid() && change.addr != subject.addr:
			return change, refusedUpdate("it speaks of several addresses; send an update for each, so that each is done whole or not at all")
		}
		change.addr = subject.addr
		if why := change.take(record); why != "" {
			return change, refusedUpdate(why)
		}
	}
	return change, outcome{}
}

func refusedUpdate(why string) outcome { return outcome{updateRefused, dns.RcodeRefused, why} }

// malformedUpdate tells whether a record cannot stand in an update section (RFC
// 2136 §3.4.1.2).
func malformedUpdate(h *dns.RR_Header) bool {
	meta := h.Rrtype >= dns.TypeTKEY && h.Rrtype <= dns.TypeANY || h.Rrtype == dns.TypeOPT
	switch h.Class {
	case dns.ClassINET:
		return meta || h.Rdlength == 0
	case dns.ClassANY:
		return h.Ttl != 0 || h.Rdlength != 0 || meta && h.Rrtype != dns.TypeANY
	case dns.ClassNONE:
		return h.Ttl != 0 || meta
	}
	return true
}

// take adds what one record wants; it returns why that cannot be.
func (c *updateChange) take(record dns.RR) string {
	h := record.Header()
	switch {
	case h.Rrtype != dns.TypeTXT && h.Rrtype != dns.TypeA && h.Rrtype != dns.TypeANY:
		return "a report is a TXT or an A record, not " + dns.Type(h.Rrtype).String()
	case h.Class == dns.ClassANY:
		*c = updateChange{addr: c.addr, withdraw: true}
		return ""
	case h.Class == dns.ClassNONE:
		return "single records cannot be deleted; delete the name"
	}
	c.add = true
	switch record := record.(type) {
	case *dns.A:
		if !record.A.IsLoopback() {
			return "an A record of a blocklist is within 127.0.0.0/8"
		}
	case *dns.TXT:
		if c.text == "" {
			c.text = plainText(record.Txt)
		}
	}
	return ""
}

// plainText joins the strings of a TXT record and undoes the escapes that the
// DNS library reads them with (RFC 1035 §5.1).
func plainText(parts []string) string {
	var text strings.Builder
	for _, part := range parts {
		for i := 0; i < len(part); i++ {
			c := part[i]
			if c == '\\' && i+1 < len(part) {
				i++
				c = part[i]
				if octet, is := octetAt(part, i); is {
					c, i = octet, i+2
				}
			}
			text.WriteByte(c)
		}
	}
	return text.String()
}

// octetAt reads three decimal digits.
func octetAt(text string, at int) (byte, bool) {
	if at+3 > len(text) {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text[at : at+3]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return byte(n), n <= 255
}

// kindOf takes the kind from the beginning of a text, "kind=web.login …", and
// returns it with the rest; without one it is the usual one.
func kindOf(text, usual string) (kind, note string) {
	rest, named := strings.CutPrefix(text, "kind=")
	if !named {
		return usual, text
	}
	kind, note, _ = strings.Cut(rest, " ")
	return kind, note
}
