package dnsbl

import (
	"errors"

	"github.com/miekg/dns"
)

// udpSize is the largest UDP message that the server sends and says it takes:
// it fits into one packet on every ordinary path (RFC 9715 §3.1 allows up to
// 1400).
const udpSize = 1232

// ednsVersion is the one version of EDNS that there is (RFC 6891 §6.1.3).
const ednsVersion = 0

// edns is what a query's OPT record says.
type edns struct {
	present bool
	version uint8
	do      bool
	size    uint16 // the largest UDP message the client takes
}

// readEDNS reads the OPT record of a query. Options are ignored, as RFC 6891
// §6.1.2 wants of those that are not understood. More than one OPT record, or
// one that is not the root's, is a format error (§6.1.1, §6.1.2).
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
	}
	return e, nil
}

// limit is how large a UDP reply may be (RFC 6891 §6.2.3 to §6.2.5).
func (e edns) limit() int {
	if !e.present {
		return dns.MinMsgSize
	}
	return min(max(int(e.size), dns.MinMsgSize), udpSize)
}

// opt returns the OPT record of the reply: the DO bit copied (RFC 3225 §3), all
// other flags zero, extended errors as options (RFC 8914 §2).
func (e edns) opt(extended []uint16) *dns.OPT {
	opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	opt.SetUDPSize(udpSize)
	opt.SetVersion(ednsVersion)
	if e.do {
		opt.SetDo()
	}
	for _, code := range extended {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code})
	}
	return opt
}
