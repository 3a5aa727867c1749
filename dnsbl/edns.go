package dnsbl

import (
	"encoding/hex"
	"errors"

	"github.com/miekg/dns"
)

// udpSize is the largest UDP message that the server sends and says it takes:
// it fits into one packet on every ordinary path (RFC 9715 §3.1 allows up to
// 1400).
const udpSize = 1232

// maxAmplification is how many times as long as its query a reply over UDP may
// be, unless a cookie shows that the client has the address it asks from: beyond
// it the client is sent to TCP. So nobody gains by asking in another's name.
const maxAmplification = 5

// ednsVersion is the one version of EDNS that there is (RFC 6891 §6.1.3).
const ednsVersion = 0

// edns is what a query's OPT record says.
type edns struct {
	present bool
	version uint8
	do      bool
	size    uint16 // the largest UDP message the client takes
	cookie  cookie
}

// errMalformedCookie says that a COOKIE option has a length that none has.
var errMalformedCookie = errors.New("malformed COOKIE option")

// readEDNS reads the OPT record of a query. Options but COOKIE are ignored, as
// RFC 6891 §6.1.2 wants of those that are not understood. More than one OPT
// record, or one that is not the root's, is a format error (§6.1.1, §6.1.2).
// With an error that concerns an option alone, the rest is returned.
func readEDNS(query *dns.Msg) (edns, error) {
	var e edns
	for _, record := range query.Extra {
		opt, is := record.(*dns.OPT)
		if !is {
			continue
		}
		if e.present || opt.Hdr.Name != "." {
			return edns{}, errors.New("malformed OPT record")
		}
		e = edns{present: true, version: opt.Version(), do: opt.Do(), size: opt.UDPSize()}
		if err := e.cookie.readFrom(opt); err != nil {
			return e, err
		}
	}
	return e, nil
}

// readFrom reads the first COOKIE option, the only one that counts (RFC 7873
// §5.2).
func (c *cookie) readFrom(opt *dns.OPT) error {
	for _, option := range opt.Option {
		if found, is := option.(*dns.EDNS0_COOKIE); is {
			data, err := hex.DecodeString(found.Cookie)
			if err != nil || !c.read(data) {
				return errMalformedCookie
			}
			return nil
		}
	}
	return nil
}

// limit is how large a UDP reply may be (RFC 6891 §6.2.3 to §6.2.5).
func (e edns) limit() int {
	if !e.present {
		return dns.MinMsgSize
	}
	return min(max(int(e.size), dns.MinMsgSize), udpSize)
}

// opt returns the OPT record of the reply: the DO bit copied (RFC 3225 §3), all
// other flags zero, a cookie (empty: none) and extended errors as options (RFC
// 8914 §2).
func (e edns) opt(cookie []byte, extended []uint16) *dns.OPT {
	opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	opt.SetUDPSize(udpSize)
	opt.SetVersion(ednsVersion)
	if e.do {
		opt.SetDo()
	}
	if len(cookie) > 0 {
		opt.Option = append(opt.Option, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: hex.EncodeToString(cookie)})
	}
	for _, code := range extended {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code})
	}
	return opt
}
