package dnsbl

import (
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// Board tells verdicts from memory: whether a rule lists an address, and when
// that next changes. It must not block.
type Board interface {
	Verdict(addr netip.Addr, rule int, now time.Time) scoring.Verdict
}

// result is what became of a query, for metrics.
type result string

const (
	resultListed    result = "listed"
	resultNotListed result = "not_listed"
	resultNoData    result = "no_data"     // a partial name, or no record of this type
	resultNoName    result = "no_name"     // cannot name an address
	resultZone      result = "zone"        // SOA, NS, a name server's address
	resultNotServed result = "unavailable" // SERVFAIL
	resultRefused   result = "refused"
	resultMalformed result = "malformed" // FORMERR, BADVERS
	resultTransfer  result = "transfer"  // of the whole zone
)

// question is what one query asks.
type question struct {
	written string   // the name as asked, in the client's spelling
	name    wireName // the same, lower-case
	qtype   uint16
	qclass  uint16
}

// newQuestion reports false when the name cannot stand on the wire.
func newQuestion(q dns.Question) (question, bool) {
	asked := question{written: q.Name, qtype: q.Qtype, qclass: q.Qclass}
	ok := asked.name.set(q.Name)
	return asked, ok
}

// answer is what a question gets, before EDNS and packing.
type answer struct {
	result        result
	zone          *servedZone // nil: none
	rcode         int
	authoritative bool
	truncated     bool // without records: the client shall ask over TCP
	records       []dns.RR
	authority     []dns.RR
	key           string   // name of the access key used; empty: none
	extended      []uint16 // extended error (RFC 8914), told to clients with EDNS
	why           Reason
	about         netip.Addr // the address that the name stands for; invalid: none
}

// because notes which rule made an answer.
func (a answer) because(why Reason) answer {
	a.why = why
	return a
}

// responder answers questions from memory: the same question, verdict, state
// and moment give the same answer.
type responder struct {
	board      Board
	state      func(now time.Time) State
	categories func() []scoring.Category
}

// answer answers one question of opcode QUERY.
func (r *responder) answer(zones *zoneSet, q *question, client netip.Addr, now time.Time) answer {
	if q.qclass != dns.ClassINET {
		return refuse(nil).because(ReasonClass)
	}
	zone, front := zones.find(&q.name)
	if zone == nil {
		return refuse(nil, dns.ExtendedErrorCodeNotAuthoritative).because(ReasonOutside)
	}
	if !zone.allowed.has(client) {
		return refuse(zone, dns.ExtendedErrorCodeProhibited).because(ReasonClient)
	}
	if q.qtype == dns.TypeAXFR || q.qtype == dns.TypeIXFR {
		return refuse(zone, dns.ExtendedErrorCodeProhibited).because(ReasonTransfer)
	}
	if zone.keys != nil {
		return r.answerKeyed(zone, q, front, now)
	}
	return r.answerSubject(zone, q, front, parseSubject(front), now)
}

// answerKeyed answers in a zone with access keys. Its own names, its name
// servers' among them, are for all: resolvers need them to get there.
func (r *responder) answerKeyed(zone *servedZone, q *question, front []byte, now time.Time) answer {
	if node, exists := zone.nodes[string(front)]; exists {
		return zone.answerNode(q, node).because(ReasonServerName)
	}
	access := zone.keys.unlock(front)
	if access.refused {
		return refuse(zone, dns.ExtendedErrorCodeProhibited).because(access.why)
	}
	a := r.answerSubject(zone, q, front, access.subject, now)
	a.key = access.key
	return a
}

// answerSubject answers about what the labels in front of an origin name.
func (r *responder) answerSubject(zone *servedZone, q *question, front []byte, subject subject, now time.Time) answer {
	switch {
	case subject.place == placeApex:
		return r.withSerial(zone.answerApex(q), now).because(ReasonApex)
	case subject.place == placeInterior:
		return zone.deny(q, dns.RcodeSuccess, resultNoData).because(ReasonPartialName)
	case subject.place == placeAddress:
		a := r.answerAddress(zone, q, subject, now)
		a.about = subject.addr
		return a
	}
	if node, exists := zone.nodes[string(front)]; exists {
		return zone.answerNode(q, node).because(ReasonServerName)
	}
	return zone.deny(q, dns.RcodeNameError, resultNoName).because(ReasonNoAddress)
}

// refuse answers without a record and without authority.
func refuse(zone *servedZone, extended ...uint16) answer {
	return answer{result: resultRefused, zone: zone, rcode: dns.RcodeRefused, extended: extended}
}

// answerAddress answers about an address. Test entries and ranges that are
// never listed do not depend on the listings and so are answered in any state.
func (r *responder) answerAddress(zone *servedZone, q *question, subject subject, now time.Time) answer {
	categories := r.categories()
	if set, is := zone.testEntry(subject.addr, categories); is {
		return zone.answerListed(q, zone.newTestListing(subject.addr, set, categories)).because(ReasonTestEntry)
	}
	if _, special := scoring.Special(subject.addr); special {
		return zone.answerNotListed(q, subject).because(ReasonSpecialRange)
	}
	state := r.state(now)
	if extended, unfit := state.unfit(); unfit {
		return answer{result: resultNotServed, zone: zone, rcode: dns.RcodeServerFailure, extended: []uint16{extended}, why: state.reason()}
	}
	var a answer
	if verdict := r.board.Verdict(subject.addr, zone.Rule, now); verdict.Listed {
		a = zone.answerListed(q, zone.newListing(subject.addr, verdict, categories, now)).because(ReasonListed)
	} else {
		a = zone.answerNotListed(q, subject).because(ReasonNotListed)
	}
	if state == Stale {
		a.extended = []uint16{dns.ExtendedErrorCodeStaleAnswer}
		if a.rcode == dns.RcodeNameError {
			a.extended = []uint16{dns.ExtendedErrorCodeStaleNXDOMAINAnswer}
		}
	}
	return a
}

// answerListed gives A and TXT (RFC 5782 §2.1); ANY gets the A records alone
// (RFC 8482 §4.1). The name exists for every other type too.
func (z *servedZone) answerListed(q *question, l listing) answer {
	a := answer{result: resultListed, zone: z, authoritative: true}
	switch q.qtype {
	case dns.TypeA, dns.TypeANY:
		for _, code := range l.codes {
			a.records = append(a.records, &dns.A{Hdr: header(q.written, dns.TypeA, l.ttl), A: net.IP{127, 0, 0, code}})
		}
	case dns.TypeTXT:
		a.records = []dns.RR{&dns.TXT{Hdr: header(q.written, dns.TypeTXT, l.ttl), Txt: []string{l.text}}}
	default:
		return z.deny(q, dns.RcodeSuccess, resultNoData)
	}
	return a
}

// answerNotListed denies the name, or only its data when longer names need it.
func (z *servedZone) answerNotListed(q *question, subject subject) answer {
	if subject.interior {
		return z.deny(q, dns.RcodeSuccess, resultNotListed)
	}
	return z.deny(q, dns.RcodeNameError, resultNotListed)
}

// answerApex gives SOA and NS. DS belongs to the enclosing zone (RFC 4035
// §3.1.4.1), which has none.
func (z *servedZone) answerApex(q *question) answer {
	a := answer{result: resultZone, zone: z, authoritative: true}
	switch q.qtype {
	case dns.TypeSOA, dns.TypeANY:
		a.records = []dns.RR{z.soaRecord(q)}
	case dns.TypeNS:
		for _, server := range z.nameservers {
			a.records = append(a.records, &dns.NS{Hdr: header(q.written, dns.TypeNS, z.negativeTTL), Ns: server})
		}
	case dns.TypeDS:
		if z.parent != nil {
			return z.parent.deny(q, dns.RcodeSuccess, resultNoData)
		}
		return z.deny(q, dns.RcodeSuccess, resultNoData)
	default:
		return z.deny(q, dns.RcodeSuccess, resultNoData)
	}
	return a
}

// withSerial puts the serial of the moment into the SOA of an answer, which
// secondaries ask for to learn whether there is something new.
func (r *responder) withSerial(a answer, now time.Time) answer {
	if a.zone.serial == nil || len(a.records) == 0 {
		return a
	}
	if soa, is := a.records[0].(*dns.SOA); is {
		soa.Serial = a.zone.serial.at(now, r.categories())
	}
	return a
}

// answerNode gives the addresses of a name server within the zone.
func (z *servedZone) answerNode(q *question, n node) answer {
	a := answer{result: resultZone, zone: z, authoritative: true}
	for _, addr := range n.addrs {
		addr = addr.Unmap()
		wanted := q.qtype == dns.TypeANY && len(a.records) == 0
		switch {
		case addr.Is4() && (wanted || q.qtype == dns.TypeA):
			a.records = append(a.records, &dns.A{Hdr: header(q.written, dns.TypeA, z.negativeTTL), A: addr.AsSlice()})
		case addr.Is6() && (wanted || q.qtype == dns.TypeAAAA):
			a.records = append(a.records, &dns.AAAA{Hdr: header(q.written, dns.TypeAAAA, z.negativeTTL), AAAA: addr.AsSlice()})
		}
	}
	if len(a.records) == 0 {
		return z.deny(q, dns.RcodeSuccess, resultNoData)
	}
	return a
}

// deny answers NXDOMAIN, or with NOERROR that there is no such data; both with
// the SOA that bounds how long that may be cached (RFC 2308 §3).
func (z *servedZone) deny(q *question, rcode int, result result) answer {
	return answer{result: result, zone: z, rcode: rcode, authoritative: true, authority: []dns.RR{z.soaRecord(q)}}
}

// soaRecord returns the SOA, its owner in the client's spelling so that it
// compresses to a pointer into the question. Its TTL is the negative TTL
// wherever it stands: resolvers apply to denials whichever they cached first.
func (z *servedZone) soaRecord(q *question) dns.RR {
	soa := z.soa
	soa.Hdr = header(q.written[len(q.written)-len(z.Origin):], dns.TypeSOA, z.negativeTTL)
	return &soa
}

func header(name string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}
