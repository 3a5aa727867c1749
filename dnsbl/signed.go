package dnsbl

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// signature is what a query's TSIG record proved (RFC 8945 §5.2). The zero
// value is a query without one.
type signature struct {
	record *dns.TSIG // nil: none
	fault  uint16    // BADKEY, BADSIG or BADTIME; 0: the signature is good
}

// signatureOf returns the signature of a query and what the DNS library found
// when it checked it. It reports false when a TSIG record is not the last one
// and only one, or is empty, which the library reads but cannot answer (RFC 8945
// §5.1).
func signatureOf(query *dns.Msg, status error) (signature, bool) {
	for i, record := range query.Extra {
		tsig, is := record.(*dns.TSIG)
		if !is {
			continue
		}
		found := signature{record: tsig}
		switch {
		case status == nil:
		case errors.Is(status, dns.ErrTime):
			found.fault = dns.RcodeBadTime
		case errors.Is(status, dns.ErrSecret):
			found.fault = dns.RcodeBadKey
		default:
			found.fault = dns.RcodeBadSig
		}
		if i < len(query.Extra)-1 || tsig.Algorithm == "" {
			return signature{}, false
		}
		return found, true
	}
	return signature{}, true
}

// key is the canonical name of the key that a good signature was made with;
// empty: there is none.
func (s signature) key() string {
	if s.record == nil || s.fault != 0 {
		return ""
	}
	return dns.CanonicalName(s.record.Hdr.Name)
}

// stub appends the TSIG record of a reply, to be filled when it is packed. A
// client whose clock is wrong learns the time (RFC 8945 §5.2.3).
func (s signature) stub(reply *dns.Msg, now time.Time) {
	reply.SetTsig(s.record.Hdr.Name, s.record.Algorithm, tsigFudge, now.Unix())
	stub := reply.IsTsig()
	stub.OrigId, stub.Error = reply.Id, s.fault
	if s.fault == dns.RcodeBadTime {
		stub.TimeSigned = s.record.TimeSigned
		var seconds [8]byte
		binary.BigEndian.PutUint64(seconds[:], uint64(now.Unix()))
		stub.OtherData = hex.EncodeToString(seconds[2:])
		stub.OtherLen = 6
	}
}

// packSigned is pack for the reply to a signed query: with a bad signature it
// says that alone (RFC 8945 §5.2), else it is signed (§5.3).
func (s *Server) packSigned(reply *dns.Msg, limit int, sig signature) ([]byte, error) {
	if sig.fault != 0 {
		reply.Rcode, reply.Authoritative = dns.RcodeNotAuth, false
		reply.Answer, reply.Ns = nil, nil
	}
	octets, err := s.sign(reply, sig)
	if err == nil && len(octets) > limit {
		reply.Answer, reply.Ns, reply.Truncated = nil, nil, true
		octets, err = s.sign(reply, sig)
	}
	if err != nil {
		return nil, fmt.Errorf("signing a reply: %w", err)
	}
	return octets, nil
}

// sign packs a reply with its TSIG record, and leaves the reply without.
func (s *Server) sign(reply *dns.Msg, sig signature) ([]byte, error) {
	extra := reply.Extra
	defer func() { reply.Extra = extra }()
	sig.stub(reply, time.Now()) // the clock that the query was checked by
	if sig.fault == dns.RcodeBadKey || sig.fault == dns.RcodeBadSig {
		return reply.Pack() // unsigned (RFC 8945 §5.3.2)
	}
	octets, _, err := dns.TsigGenerateWithProvider(reply, &s.tsig, sig.record.MAC, false)
	return octets, err
}
