package dnsbl

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// Index finds what all rules together say about an address, without locks and
// without allocating. Its zero answer means that no rule lists the address.
type Index interface {
	Find4(addr, now uint32) (scoring.Found, bool)
	// Find6 takes the upper half of the address.
	Find6(upper uint64, now uint32) (scoring.Found, bool)
}

// maxIndexSecond is the last moment that an [Index] can be asked about.
const maxIndexSecond = 1<<32 - 2

// indexedRules is how many rules an [Index] answers for.
const indexedRules = 64

// fastPath answers plain queries from their octets: those for an address, a
// partial name or a name that is no address, in a zone whose listings are
// current. Everything else is left to the ordinary handler, which would give
// the same octets for what is answered here.
//
// One fastPath serves one socket, batch by batch: begin, answer for each
// packet, end. It allocates nothing.
type fastPath struct {
	server *Server
	tally  tally

	// Of the batch at hand.
	now        time.Time
	zones      *zoneSet
	current    bool
	categories []scoring.Category
	began      time.Time   // by the steady clock of this machine
	log        *runningLog // nil: off
	answered   int

	// Of the query at hand.
	query  rawQuery
	client netip.Addr // unmapped
	// verdict holds once judge said that the address is listed. It is large: for
	// what is not listed, nothing is written to it.
	verdict scoring.Verdict
}

// fate is what becomes of a query.
type fate uint8

const (
	fateReply fate = iota
	fateHandler
	fateDrop
	fateTruncate // reply that the client shall ask over TCP
	fateLog      // for the handler, which logs it
)

// gate decides about a query once its answer is known, before it is sent. It
// must not block.
type gate interface {
	decide(client netip.Addr, zone *servedZone, result result, now time.Time) fate
}

func newFastPath(s *Server) *fastPath {
	return &fastPath{server: s, tally: newTally(s.metrics)}
}

// begin fixes, for one batch, what all its answers depend on.
func (f *fastPath) begin() {
	s := f.server
	f.began, f.now, f.answered = time.Now(), s.now(), 0
	f.log = s.queryLog.Load()
	if zones := s.zones.Load(); zones != f.zones {
		f.zones = zones
		f.tally.forget()
	}
	if f.current = s.responder.state(f.now) == Current; f.current {
		f.categories = s.responder.categories()
	}
}

// end tells the metrics about the batch.
func (f *fastPath) end() {
	f.tally.flush()
	if f.answered > 0 {
		f.server.metrics.latencies.udp.observe(time.Since(f.began), f.answered)
	}
}

// unsent tells the metrics of replies that could not be sent.
func (f *fastPath) unsent(replies int) { f.server.metrics.unsent.Add(float64(replies)) }

// answer answers a query from a client, in the buffer given, or says what else
// shall become of it. The query stays as it is.
func (f *fastPath) answer(query, buffer []byte, client netip.Addr) (reply []byte, fate fate) {
	if f.log != nil && f.log.takes(f.now) {
		return nil, fateLog
	}
	q := &f.query
	if !f.current || !q.read(query) {
		return nil, fateHandler
	}
	f.client = client.Unmap().WithZone("")
	reply, zone, result := f.compose(append(buffer[:0], query[:q.end]...))
	if reply == nil || len(reply) > q.edns.limit() || len(reply) > maxAmplification*q.end && !f.proven() {
		return nil, fateHandler
	}
	if f.server.gate != nil && !f.proven() {
		fate = f.server.gate.decide(f.client, zone, result, f.now)
	}
	switch fate {
	case fateHandler, fateDrop:
		return nil, fate
	case fateTruncate:
		if q.edns.cookie.length > 0 {
			return nil, fateHandler // which tells a good cookie instead
		}
		f.server.metrics.limit(limitedTruncated)
		reply = f.truncate(append(buffer[:0], query[:q.end]...))
	}
	f.tally.count(zone, result)
	f.answered++
	return reply, fateReply
}

// proven tells whether the client of the query at hand has shown by its cookie
// that it has the address it asks from.
func (f *fastPath) proven() bool {
	asked := &f.query.edns.cookie
	if asked.length == 0 {
		return false
	}
	good, _ := f.server.cookies.Load().verify(asked, f.client, f.now)
	return good
}

// compose makes the reply to the query at hand behind a copy of its header and
// question; nil leaves it to the handler.
func (f *fastPath) compose(reply []byte) ([]byte, *servedZone, result) {
	q := &f.query
	if q.qclass != dns.ClassINET || q.qtype == dns.TypeAXFR || q.qtype == dns.TypeIXFR || q.edns.version != ednsVersion {
		return nil, nil, ""
	}
	zone, front := f.zones.find(&q.name)
	if zone == nil || zone.keys != nil || !zone.allowed.has(f.client) {
		return nil, nil, ""
	}
	switch subject := parseSubject(front); subject.place {
	case placeInterior:
		return f.deny(reply, zone, dns.RcodeSuccess), zone, resultNoData
	case placeAddress:
		reply, result := f.address(reply, zone, subject)
		return reply, zone, result
	case placeNowhere:
		if _, exists := zone.nodes[string(front)]; !exists {
			return f.deny(reply, zone, dns.RcodeNameError), zone, resultNoName
		}
	}
	return nil, nil, ""
}

// address answers about an address.
func (f *fastPath) address(reply []byte, zone *servedZone, subject subject) ([]byte, result) {
	if testRange.Contains(subject.addr) || zone.Rule >= indexedRules {
		return nil, ""
	}
	if f.judge(zone, subject.addr) && !special(subject.addr) {
		return f.listed(reply, zone, subject.addr, &f.verdict)
	}
	rcode := byte(dns.RcodeNameError)
	if subject.interior {
		rcode = dns.RcodeSuccess
	}
	return f.deny(reply, zone, rcode), resultNotListed
}

// special is [scoring.Special], told at once for most IPv4 addresses.
func special(addr netip.Addr) bool {
	if addr.Is4() {
		switch first := addr.As4()[0]; first {
		case 0, 10, 100, 127, 169, 172, 192:
		default:
			return first >= 224
		}
	}
	_, is := scoring.Special(addr)
	return is
}

// judge tells whether the zone lists an address, and if so fills f.verdict. It
// asks the index; and the board where the index does not tell when the answer of
// this one zone changes, or which range the text must name.
func (f *fastPath) judge(zone *servedZone, addr netip.Addr) bool {
	index := f.server.index
	if index == nil {
		return f.judgeByBoard(zone, addr)
	}
	var found scoring.Found
	var any bool
	now := uint32(min(max(f.now.Unix(), 0), maxIndexSecond))
	if addr.Is4() {
		octets := addr.As4()
		found, any = index.Find4(binary.BigEndian.Uint32(octets[:]), now)
	} else {
		octets := addr.As16()
		found, any = index.Find6(binary.BigEndian.Uint64(octets[:]), now)
	}
	if !any || found.Answer.Listed&(1<<zone.Rule) == 0 {
		return false
	}
	next := time.Unix(int64(found.Next), 0)
	text := f.query.qtype == dns.TypeTXT
	if found.Last && !(text && found.Range) {
		f.verdict = scoring.Verdict{Listed: true, Until: next, Next: next, Categories: found.Answer.CategoriesOf(zone.Rule)}
		return true
	}
	if !text && next.Sub(f.now) >= zone.TTL {
		// Later than anybody may cache; that is all that matters of it.
		f.verdict = scoring.Verdict{Listed: true, Next: next, Categories: found.Answer.CategoriesOf(zone.Rule)}
		return true
	}
	return f.judgeByBoard(zone, addr)
}

func (f *fastPath) judgeByBoard(zone *servedZone, addr netip.Addr) bool {
	f.verdict = f.server.responder.board.Verdict(addr, zone.Rule, f.now)
	return f.verdict.Listed
}

// listed answers that an address is listed.
func (f *fastPath) listed(reply []byte, zone *servedZone, addr netip.Addr, verdict *scoring.Verdict) ([]byte, result) {
	set := verdict.Categories & zone.Categories
	ttl := zone.positiveTTL(verdict.Next, f.now)
	answers := 1
	switch f.query.qtype {
	case dns.TypeA, dns.TypeANY:
		reply, answers = zone.catalogueOf(f.categories).appendAddresses(reply, set, ttl)
	case dns.TypeTXT:
		reply = zone.appendText(reply, ttl, &textValues{
			addr: addr, within: verdict.Range, whole: verdict.Prefix == verdict.Range,
			until: verdict.Until, categories: f.categories, set: set, contact: zone.Contact,
		})
	default:
		return f.deny(reply, zone, dns.RcodeSuccess), resultNoData
	}
	binary.BigEndian.PutUint16(reply[headerAnswers:], uint16(answers))
	return f.finish(reply, dns.RcodeSuccess, flagAuthoritative), resultListed
}

// deny answers that there is no such name, or no such data.
func (f *fastPath) deny(reply []byte, zone *servedZone, rcode byte) []byte {
	reply = zone.wireSOA.append(reply, &f.query.name, zone.labels)
	binary.BigEndian.PutUint16(reply[headerAuthority:], 1)
	return f.finish(reply, rcode, flagAuthoritative)
}

// truncate answers that the client shall ask over TCP.
func (f *fastPath) truncate(reply []byte) []byte {
	return f.finish(reply, dns.RcodeSuccess, flagAuthoritative|flagTruncated)
}

// The header: flags, by octet, and where the counts of records stand (RFC 1035
// §4.1.1, RFC 4035 §3.1.6).
const (
	flagResponse         = 0x80
	flagAuthoritative    = 0x04
	flagTruncated        = 0x02
	flagRecursionDesired = 0x01
	flagCheckingDisabled = 0x10 // of the second octet

	headerAnswers   = 6
	headerAuthority = 8
)

// finish writes the header's flags and appends the OPT record when the client
// sent one. The count of additional records is the query's: one OPT or none.
func (f *fastPath) finish(reply []byte, rcode, flags byte) []byte {
	reply[2] = flagResponse | flags | reply[2]&flagRecursionDesired
	reply[3] = reply[3]&flagCheckingDisabled | rcode
	if !f.query.edns.present {
		return reply
	}
	do := byte(0)
	if f.query.edns.do {
		do = optDo
	}
	reply = append(reply, 0, 0, byte(dns.TypeOPT), byte(udpSize>>8), byte(udpSize&0xff), 0, ednsVersion, do, 0, 0, 0)
	if f.query.edns.cookie.length == 0 || !f.client.IsValid() {
		return reply
	}
	const cookieOctets = clientCookieOctets + ownCookieOctets
	reply[len(reply)-1] = optionOctets + cookieOctets
	reply = append(reply, 0, dns.EDNS0COOKIE, 0, cookieOctets)
	return f.server.cookies.Load().appendReply(reply, &f.query.edns.cookie, f.client, f.now)
}
