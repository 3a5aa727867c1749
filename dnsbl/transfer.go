package dnsbl

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxTransfers is how many copies are sent at a time. Others are told to
	// come back: each takes a core while it lasts.
	maxTransfers = 4
	// transferTimeout bounds one copy, so that clients that read slowly do not
	// hold those places; 10 million addresses take far less.
	transferTimeout = 30 * time.Minute
	// transferOctets is how large a message of a copy becomes, without its
	// first and its last record and before names are compressed. What lies
	// beyond 16 KiB of a message cannot be pointed at (RFC 1035 §4.1.4).
	transferOctets = 16 << 10
)

// errStopping ends copies when the server stops.
var errStopping = errors.New("the server stops")

// serveTransfer answers AXFR (RFC 5936) and IXFR (RFC 1995) of a zone that the
// client may copy, and reports false about everything else.
func (s *Server) serveTransfer(w dns.ResponseWriter, query *dns.Msg, from asker, now time.Time) bool {
	set := s.zones.Load()
	zone, e := transferZone(set, query)
	if zone == nil {
		return false
	}
	if from.sig.fault != 0 || !zone.transfer.has(from.addr, from.sig.key()) {
		s.logRefusal(zone, from)
		return false
	}
	incremental := query.Question[0].Qtype == dns.TypeIXFR
	if !incremental && from.via != transportTCP {
		return false // RFC 5936 §4.2
	}
	t := zoneTransfer{s.newCopy(set, zone, now), s, w, query, e, from, 0}
	if extended, unfit := s.responder.state(now).unfit(); unfit {
		t.fail(dns.RcodeServerFailure, extended)
		return true
	}
	if incremental && (from.via != transportTCP || t.known()) {
		t.sendSOA()
		return true
	}
	select {
	case s.transfers <- struct{}{}:
		defer func() { <-s.transfers }()
	default:
		s.logger.Warn("too many zone transfers at a time", "zone", labelOf(zone), "remote", from.addr.String())
		t.fail(dns.RcodeServerFailure, dns.ExtendedErrorCodeNotReady)
		return true
	}
	t.send()
	return true
}

// logRefusal tells operators why a secondary of theirs copies nothing. Over UDP,
// where anybody can pretend to be one, it is silent.
func (s *Server) logRefusal(zone *servedZone, from asker) {
	if from.via != transportTCP {
		return
	}
	reason := "its address and key are not those that may"
	if from.sig.fault != 0 {
		reason = "its signature is not good: " + dns.RcodeToString[int(from.sig.fault)]
	} else if from.sig.record == nil && len(zone.transfer.keys) > 0 {
		reason = "it does not sign, and a key is wanted"
	}
	s.logger.Info("refused a zone transfer", "zone", labelOf(zone), "remote", from.addr.String(), "key", from.sig.key(), "reason", reason)
}

// transferZone returns the zone that a query wants to copy; nil: none.
func transferZone(set *zoneSet, query *dns.Msg) (*servedZone, edns) {
	e, err := readEDNS(query)
	if err != nil || e.version > ednsVersion || len(query.Question) != 1 {
		return nil, e
	}
	asked := query.Question[0]
	q, ok := newQuestion(asked)
	if !ok || asked.Qclass != dns.ClassINET || asked.Qtype != dns.TypeAXFR && asked.Qtype != dns.TypeIXFR {
		return nil, e
	}
	zone, front := set.find(&q.name)
	if zone == nil || len(front) > 0 || zone.transfer == nil {
		return nil, e
	}
	return zone, e
}

// zoneTransfer is one copy on its way to a client.
type zoneTransfer struct {
	zoneCopy
	server *Server
	w      dns.ResponseWriter
	query  *dns.Msg
	edns   edns
	from   asker
	sent   int // messages
}

// known tells whether the client of an incremental transfer has this copy
// already, or a later one (RFC 1995 §4).
func (t *zoneTransfer) known() bool {
	for _, record := range t.query.Ns {
		if soa, is := record.(*dns.SOA); is {
			return int32(t.serial-soa.Serial) <= 0 // RFC 1982 §3.2
		}
	}
	return false
}

// fail answers that there is no copy to be had.
func (t *zoneTransfer) fail(rcode int, extended uint16) {
	t.count(resultNotServed)
	reply := t.reply()
	reply.Rcode, reply.Authoritative = rcode, false
	if t.edns.present {
		reply.Extra = []dns.RR{t.edns.opt(nil, []uint16{extended})}
	}
	if err := t.write(reply); err != nil {
		t.server.logger.Debug("refusing a zone transfer", "remote", t.from.addr.String(), "error", err)
	}
}

// sendSOA answers with the SOA alone: there is nothing new, or the client shall
// ask over TCP (RFC 1995 §2, §4).
func (t *zoneTransfer) sendSOA() {
	t.count(resultZone)
	if err := t.write(t.reply(t.soa())); err != nil {
		t.server.logger.Debug("answering an incremental zone transfer", "remote", t.from.addr.String(), "error", err)
	}
}

// send sends the whole zone. What breaks off in the middle ends with the
// connection, so that nobody takes it for whole.
func (t *zoneTransfer) send() {
	t.count(resultTransfer)
	begin, records := time.Now(), 0
	var err error
	for batch := range batches(t.soa(), t.records()) {
		if err = t.overdue(begin); err == nil {
			err = t.write(t.reply(batch...))
		}
		if err != nil {
			break
		}
		records += len(batch)
	}
	log := t.server.logger.With("zone", labelOf(t.zone), "remote", t.from.addr.String(), "key", t.from.sig.key(),
		"serial", t.serial, "records", records, "duration", time.Since(begin).Round(time.Millisecond).String())
	if err != nil {
		log.Warn("a zone transfer broke off", "error", errors.Join(err, t.w.Close()))
		return
	}
	log.Info("transferred a zone")
}

// overdue tells why a copy must not go on.
func (t *zoneTransfer) overdue(begin time.Time) error {
	select {
	case <-t.server.stopping:
		return errStopping
	default:
	}
	if time.Since(begin) > transferTimeout {
		return fmt.Errorf("not read within %s", transferTimeout)
	}
	return nil
}

// batches cuts a zone into messages, the SOA first and last (RFC 5936 §2.2).
func batches(soa dns.RR, records iter.Seq[dns.RR]) iter.Seq[[]dns.RR] {
	return func(yield func([]dns.RR) bool) {
		batch, octets := []dns.RR{soa}, 0
		for record := range records {
			batch = append(batch, record)
			if octets += dns.Len(record); octets < transferOctets {
				continue
			}
			if !yield(batch) {
				return
			}
			batch, octets = batch[:0], 0
		}
		yield(append(batch, soa))
	}
}

// reply returns the next message of the answer.
func (t *zoneTransfer) reply(records ...dns.RR) *dns.Msg {
	reply := new(dns.Msg).SetReply(t.query)
	reply.Authoritative, reply.Compress, reply.Answer = true, true, records
	if t.edns.present && t.sent == 0 {
		reply.Extra = []dns.RR{t.edns.opt(t.server.answerCookie(&t.edns.cookie, t.from, t.now), nil)}
	}
	return reply
}

// write sends one message, signed if the query was. The signatures of a copy
// are a chain (RFC 8945 §5.3.1).
func (t *zoneTransfer) write(reply *dns.Msg) error {
	if t.from.sig.record != nil {
		t.from.sig.stub(reply, time.Now())
	}
	if err := t.w.WriteMsg(reply); err != nil {
		return fmt.Errorf("sending message %d: %w", t.sent+1, err)
	}
	t.w.TsigTimersOnly(true)
	t.sent++
	return nil
}

func (t *zoneTransfer) count(result result) { t.server.metrics.count(t.zone, t.from.via, result) }
