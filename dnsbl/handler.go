package dnsbl

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// transport is how a query came.
type transport string

const (
	transportUDP transport = "udp"
	transportTCP transport = "tcp"
)

// asker is who asks, and how.
type asker struct {
	addr netip.Addr // unmapped
	via  transport
	sig  signature
}

// askerOf tells who is at the other end.
func askerOf(w dns.ResponseWriter) asker {
	from := asker{via: transport(w.LocalAddr().Network())}
	if remote, err := netip.ParseAddrPort(w.RemoteAddr().String()); err == nil {
		from.addr = remote.Addr().Unmap().WithZone("")
	}
	return from
}

// accept decides from the header alone. Replies get silence; NOTIFY and every
// other opcode but QUERY, and UPDATE if anybody may report by it, is not
// implemented; and a query has one question (RFC 9619 §4).
func (s *Server) accept(header dns.Header) dns.MsgAcceptAction {
	const opcodeShift, opcodeMask, response = 11, 0xf, 1 << 15
	switch {
	case header.Bits&response != 0:
		s.metrics.discard("reply")
		return dns.MsgIgnore
	case header.Bits>>opcodeShift&opcodeMask == dns.OpcodeUpdate && s.updating():
		return s.acceptUpdate(header)
	case header.Bits>>opcodeShift&opcodeMask != dns.OpcodeQuery:
		s.metrics.discard("opcode")
		return dns.MsgRejectNotImplemented
	}
	action := dns.DefaultMsgAcceptFunc(header)
	if action != dns.MsgAccept {
		s.metrics.discard("sections")
	}
	return action
}

// serveDNS is the handler of the DNS library.
func (s *Server) serveDNS(w dns.ResponseWriter, query *dns.Msg) {
	began, from, now := time.Now(), askerOf(w), s.now()
	var wellFormed bool
	if from.sig, wellFormed = signatureOf(query, w.TsigStatus()); !wellFormed {
		query.Question = nil // which makes it a format error
	}
	if query.Opcode == dns.OpcodeUpdate {
		s.serveUpdate(w, query, from, now)
		return
	}
	if s.serveTransfer(w, query, from, now) {
		return
	}
	log := s.logFor(w, now)
	reply, a, err := s.reply(query, from, now)
	if err != nil {
		s.logger.Debug("no reply to a DNS query", "remote", w.RemoteAddr().String(), "error", err)
		return
	}
	if _, err := w.Write(reply); err != nil {
		s.logger.Debug("sending a DNS reply", "remote", w.RemoteAddr().String(), "error", err)
	}
	took := time.Since(began)
	s.metrics.latencies.of(from.via).observe(took, 1)
	if log != nil {
		log.write(s, query, from, a, took)
	}
}

// reply answers a query with the octets to send, and tells what they say. It
// does no I/O.
func (s *Server) reply(query *dns.Msg, from asker, now time.Time) ([]byte, answer, error) {
	e, a := s.decide(query, from, now)
	s.metrics.count(a.zone, from.via, a.result)
	if a.key != "" {
		s.metrics.countKey(a.zone, a.key)
	}

	reply := new(dns.Msg).SetReply(query)
	reply.Compress = true
	reply.Rcode = a.rcode
	reply.Authoritative = a.authoritative
	reply.Truncated = a.truncated
	reply.Answer, reply.Ns = a.records, a.authority
	if e.present {
		reply.Extra = []dns.RR{e.opt(s.answerCookie(&e.cookie, from, now), a.extended)}
	}
	limit := dns.MaxMsgSize
	if from.via == transportUDP {
		limit = e.limit()
		if !s.proven(&e, from, now) {
			limit = min(limit, maxAmplification*query.Len())
		}
	}
	var octets []byte
	var err error
	if from.sig.record != nil {
		octets, err = s.packSigned(reply, limit, from.sig)
	} else {
		octets, err = pack(reply, limit)
	}
	return octets, a, err
}

// decide answers what the header did not already decide.
func (s *Server) decide(query *dns.Msg, from asker, now time.Time) (edns, answer) {
	e, err := readEDNS(query)
	if err != nil || len(query.Question) != 1 {
		return e, answer{result: resultMalformed, rcode: dns.RcodeFormatError}
	}
	if e.version > ednsVersion {
		return e, answer{result: resultMalformed, rcode: dns.RcodeBadVers}
	}
	q, ok := newQuestion(query.Question[0])
	if !ok {
		return e, answer{result: resultMalformed, rcode: dns.RcodeFormatError}
	}
	return e, s.limit(s.responder.answer(s.zones.Load(), &q, from.addr, now), &e, from, now)
}

// limit replaces an answer over UDP that is beyond the client's rate. Over TCP,
// and with a good cookie, a client has shown that it has the address it asks
// from. One that sends a cookie learns a good one (RFC 7873 §5.2.3); the others
// are sent to TCP.
func (s *Server) limit(a answer, e *edns, from asker, now time.Time) answer {
	if s.gate == nil || from.via != transportUDP {
		return a
	}
	if s.proven(e, from, now) {
		return a
	}
	if s.gate.decide(from.addr, a.zone, a.result, now) != fateTruncate {
		return a
	}
	instead := answer{result: a.result, zone: a.zone, key: a.key}
	if e.cookie.length > 0 {
		instead.rcode = dns.RcodeBadCookie
		s.metrics.limit(limitedBadCookie)
		return instead
	}
	instead.authoritative, instead.truncated = a.authoritative, true
	s.metrics.limit(limitedTruncated)
	return instead
}

// proven tells whether a client has shown by its cookie that it has the address
// it asks from.
func (s *Server) proven(e *edns, from asker, now time.Time) bool {
	good, _ := s.cookies.Load().verify(&e.cookie, from.addr, now)
	return good
}

// answerCookie returns the cookie of the reply to a query with one; nil for
// none.
func (s *Server) answerCookie(asked *cookie, from asker, now time.Time) []byte {
	if asked.length == 0 || !from.addr.IsValid() {
		return nil
	}
	return s.cookies.Load().appendReply(nil, asked, from.addr, now)
}

// pack writes a reply in at most limit octets. One that is longer goes without
// records and with TC set, so that the client asks again over TCP; part of an
// answer would be of no use (RFC 2181 §9).
func pack(reply *dns.Msg, limit int) ([]byte, error) {
	octets, err := reply.Pack()
	if err == nil && len(octets) > limit {
		reply.Answer, reply.Ns, reply.Truncated = nil, nil, true
		octets, err = reply.Pack()
	}
	if err != nil {
		return nil, fmt.Errorf("packing a reply: %w", err)
	}
	return octets, nil
}

// headerWriter clears, in every reply, the bits that an authoritative server
// never sets. The replies of [Server] have them clear; those that the DNS
// library gives on its own to malformed queries repeat the client's.
type headerWriter struct{ dns.Writer }

// Write sends one message.
func (w headerWriter) Write(message []byte) (int, error) {
	const recursionAvailable, zero, authenticData = 0x80, 0x40, 0x20
	const never = recursionAvailable | zero | authenticData
	const flags = 3 // octet of the header (RFC 1035 §4.1.1)
	if len(message) > flags && message[flags]&never != 0 {
		message = slices.Clone(message)
		message[flags] &^= never
	}
	return w.Writer.Write(message)
}
