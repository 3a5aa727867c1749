package dnsbl

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// updateTimeout bounds the wait for the ledger. nsupdate sends again after three
// seconds.
const updateTimeout = 5 * time.Second

// maxUpdateRecords bounds each section of an update.
const maxUpdateRecords = 64

// ErrNotReady: reports cannot be taken yet, or not now.
var ErrNotReady = errors.New("reports cannot be taken yet")

// Reports takes what dynamic updates say.
type Reports interface {
	// Reporter tells who a reporter is. The error is [ErrNotReady], or says
	// why this reporter may not report.
	Reporter(name string) (control.Identity, error)
	// Submit records reports, as intake.Intake does.
	Submit(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result
	// WithdrawOwn takes back what the caller reported, as intake.Intake does.
	WithdrawOwn(ctx context.Context, now time.Time, caller intake.Caller, addr netip.Addr, keep scoring.ID, reason string) (int, *intake.Refusal, error)
}

// updateResult is what became of an update, for metrics and the log.
type updateResult string

const (
	updateRecorded   updateResult = "recorded"
	updateDuplicate  updateResult = "duplicate" // sent again
	updateIgnored    updateResult = "ignored"   // exempt, our own, long over
	updateWithdrawn  updateResult = "withdrawn"
	updateNothing    updateResult = "nothing" // there was nothing to take back
	updateUnmet      updateResult = "unmet"   // a prerequisite
	updateRefused    updateResult = "refused"
	updateMalformed  updateResult = "malformed"
	updateOverRate   updateResult = "rate_limited"
	updateNotStored  updateResult = "unavailable"
	updateNotAllowed updateResult = "not_signed" // no signature, or none that is good
)

// outcome is how an update is answered.
type outcome struct {
	result updateResult
	rcode  int
	why    string // for the operator, if it is not done
}

// serveUpdate answers a message of opcode UPDATE (RFC 2136), which here is a
// report.
func (s *Server) serveUpdate(w dns.ResponseWriter, update *dns.Msg, from asker, now time.Time) {
	key := s.updateKeyOf(from)
	o := s.update(update, from, key, now)
	name := ""
	if key != nil {
		name = strings.TrimSuffix(canonical(key.Name), ".")
	}
	s.metrics.updates.WithLabelValues(name, string(o.result)).Inc()
	// Over UDP anybody can pretend to be anybody, so only what is signed is
	// worth a line.
	if o.why != "" && (key != nil || from.via == transportTCP) {
		s.logger.Info("did not take a DNS update", "remote", from.addr.String(), "key", name, "rcode", dns.RcodeToString[o.rcode], "reason", o.why)
	}
	octets, err := s.updateReply(update, from, o, now)
	if err == nil {
		_, err = w.Write(octets)
	}
	if err != nil {
		s.logger.Debug("answering a DNS update", "remote", from.addr.String(), "error", err)
	}
}

// updateKeyOf returns the key that a client may report with and signed with; nil:
// none.
func (s *Server) updateKeyOf(from asker) *servedUpdateKey {
	keys := s.updateKeys.Load()
	if keys == nil || from.sig.key() == "" {
		return nil
	}
	return (*keys)[from.sig.key()]
}

func (s *Server) updateReply(update *dns.Msg, from asker, o outcome, now time.Time) ([]byte, error) {
	reply := new(dns.Msg).SetRcode(update, o.rcode)
	limit := dns.MaxMsgSize
	e, _ := readEDNS(update) // what is wrong with it was told by o
	if from.via == transportUDP {
		limit = e.limit()
	}
	if e.present {
		reply.Extra = []dns.RR{e.opt(s.answerCookie(&e.cookie, from, now), nil)}
	}
	if from.sig.record != nil {
		return s.packSigned(reply, limit, from.sig)
	}
	return pack(reply, limit)
}

// update does what an update says, in the order of RFC 2136 §3 but that who
// may not is told before anything else (§3.3 leaves that to us).
func (s *Server) update(update *dns.Msg, from asker, key *servedUpdateKey, now time.Time) outcome {
	e, err := readEDNS(update)
	switch {
	case err != nil || len(update.Question) != 1:
		return outcome{updateMalformed, dns.RcodeFormatError, "it is malformed"}
	case e.version > ednsVersion:
		return outcome{updateMalformed, dns.RcodeBadVers, "its version of EDNS is unknown"}
	case from.sig.record == nil:
		return outcome{updateNotAllowed, dns.RcodeRefused, "it is not signed"}
	case from.sig.fault != 0:
		return outcome{updateNotAllowed, dns.RcodeNotAuth, "its signature is not good: " + dns.RcodeToString[int(from.sig.fault)]}
	}
	zone, o := s.updateZone(update.Question[0])
	switch {
	case zone == nil:
		return o
	case key == nil:
		return outcome{updateRefused, dns.RcodeRefused, "its key may not report; see --update-key"}
	case !key.spend(now):
		return outcome{updateOverRate, dns.RcodeServerFailure, "it is beyond the key's rate"}
	}
	scene := updateScene{s, s.zones.Load(), zone, now}
	if rcode := scene.unmet(update.Answer); rcode != dns.RcodeSuccess {
		return unmetOutcome(rcode)
	}
	change, o := scene.read(update.Ns)
	if o.result != "" {
		return o
	}
	return s.carryOut(change, key, from, now)
}

// updateZone finds the zone to update (RFC 2136 §3.1.1).
func (s *Server) updateZone(named dns.Question) (*servedZone, outcome) {
	q, ok := newQuestion(named)
	if !ok || named.Qtype != dns.TypeSOA {
		return nil, outcome{updateMalformed, dns.RcodeFormatError, "its zone section is malformed"}
	}
	zone, front := s.zones.Load().find(&q.name)
	if zone == nil || len(front) > 0 || named.Qclass != dns.ClassINET {
		return nil, outcome{updateRefused, dns.RcodeNotAuth, "there is no zone " + named.Name + " here"}
	}
	return zone, outcome{}
}

// unmetOutcome tells why prerequisites stand in the way.
func unmetOutcome(rcode int) outcome {
	switch rcode {
	case dns.RcodeFormatError:
		return outcome{updateMalformed, rcode, "its prerequisites are malformed"}
	case dns.RcodeServerFailure:
		return outcome{updateNotStored, rcode, "the listings are not loaded"}
	case dns.RcodeNotZone:
		return outcome{updateRefused, rcode, "a prerequisite lies outside the zone"}
	}
	// Not worth a line: it is how a client asks not to report what is listed.
	return outcome{result: updateUnmet, rcode: rcode}
}

// carryOut reports and takes back. The new report comes first, so that one that
// is refused leaves everything as it was.
func (s *Server) carryOut(change updateChange, key *servedUpdateKey, from asker, now time.Time) outcome {
	if !change.addr.IsValid() {
		return outcome{updateNothing, dns.RcodeSuccess, ""} // prerequisites alone (RFC 2136 §3.4.2)
	}
	identity, err := s.reports.Reporter(key.Reporter)
	switch {
	case errors.Is(err, ErrNotReady):
		return outcome{updateNotStored, dns.RcodeServerFailure, err.Error()}
	case err != nil:
		return outcome{updateRefused, dns.RcodeRefused, err.Error()}
	}
	identity.KeyID = "tsig:" + strings.TrimSuffix(canonical(key.Name), ".")
	caller := intake.Caller{Identity: identity, Source: from.addr}
	ctx, cancel := context.WithTimeout(context.Background(), updateTimeout)
	defer cancel()

	o, reported := outcome{result: updateNothing}, scoring.ID(0)
	if change.add {
		o, reported = s.report(ctx, change, key, caller, from.sig.record.MAC, now)
	}
	if o.rcode != dns.RcodeSuccess || !change.withdraw || key.Keep || key.replayed(from.sig.record.MAC) {
		return o
	}
	n, refusal, err := s.reports.WithdrawOwn(ctx, now, caller, change.addr, reported, "deleted by DNS update")
	switch {
	case err != nil:
		return outcome{updateNotStored, dns.RcodeServerFailure, err.Error()}
	case refusal != nil:
		return outcome{updateRefused, dns.RcodeRefused, refusal.Error()}
	case n > 0 && !change.add:
		o.result = updateWithdrawn
	}
	signed := time.Unix(int64(from.sig.record.TimeSigned), 0)
	key.remember(from.sig.record.MAC, time.Now(), signed.Add(time.Duration(from.sig.record.Fudge)*time.Second))
	return o
}

// report submits a change's report. Its id is the message's signature, which no
// other message has: a client that hears no answer sends the same octets again.
func (s *Server) report(ctx context.Context, change updateChange, key *servedUpdateKey, caller intake.Caller, mac string, now time.Time) (outcome, scoring.ID) {
	kind, note := kindOf(change.text, key.Kind)
	report := intake.Report{IP: change.addr.String(), Kind: kind, Note: note, ID: "dns-update:" + mac}
	result := s.reports.Submit(ctx, now, caller, "", []intake.Report{report})[0]
	switch result.Status {
	case intake.Recorded:
		return outcome{result: updateRecorded}, result.Incident.ID
	case intake.Duplicate:
		return outcome{result: updateDuplicate}, result.Incident.ID
	case intake.Ignored:
		// The client can do nothing about it, so it is not told as a fault.
		return outcome{result: updateIgnored, why: change.addr.String() + ": " + result.Ignored}, 0
	case intake.Refused:
		if code := result.Refusal.Code; code == intake.Protected || code == intake.TooMany {
			return outcome{result: updateIgnored, why: result.Refusal.Error()}, 0
		}
		return outcome{updateRefused, dns.RcodeRefused, result.Refusal.Error()}, 0
	}
	why := "the ledger cannot be written"
	if result.Cause != nil {
		why = result.Cause.Error()
	}
	return outcome{updateNotStored, dns.RcodeServerFailure, why}, 0
}

// acceptUpdate decides from the header of an update whether to read on.
func (s *Server) acceptUpdate(header dns.Header) dns.MsgAcceptAction {
	const maxAdditional = 2 // OPT and TSIG
	if header.Qdcount != 1 || header.Arcount > maxAdditional || slices.Max([]uint16{header.Ancount, header.Nscount}) > maxUpdateRecords {
		s.metrics.discard("sections")
		return dns.MsgReject
	}
	return dns.MsgAccept
}
