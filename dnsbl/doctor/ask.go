package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/miekg/dns"

	"penaltybox/dnsbl"
)

// queryAttempts is how often a query over UDP is sent.
const queryAttempts = 2

// udpSize is the largest answer over UDP that we take (RFC 9715 §3.2).
const udpSize = 1232

// endpoint is who is asked.
type endpoint struct {
	role string // server, resolver
	addr netip.AddrPort
}

// String names the endpoint to people.
func (p endpoint) String() string { return p.role + " " + p.addr.String() }

// ask asks over UDP, and over TCP if the answer is too long.
func (e *examination) ask(ctx context.Context, whom endpoint, name string, qtype uint16) (*dns.Msg, error) {
	var reply *dns.Msg
	var err error
	for range queryAttempts {
		if reply, err = e.askOver(ctx, "udp", whom, name, qtype); err == nil || !isTimeout(err) {
			break
		}
	}
	if err == nil && reply.Truncated {
		return e.askOver(ctx, "tcp", whom, name, qtype)
	}
	return reply, err
}

// askOver asks once.
func (e *examination) askOver(ctx context.Context, network string, whom endpoint, name string, qtype uint16) (*dns.Msg, error) {
	query := new(dns.Msg).SetQuestion(name, qtype)
	query.RecursionDesired = whom.role == "resolver"
	query.SetEdns0(udpSize, false)
	client := &dns.Client{Net: network, Timeout: e.Timeout, UDPSize: udpSize}
	reply, _, err := client.ExchangeContext(ctx, query, whom.addr.String())
	return reply, err
}

// isTimeout tells whether nobody answered.
func isTimeout(err error) bool {
	timeout, is := errors.AsType[net.Error](err)
	return is && timeout.Timeout()
}

// isClosed tells whether the other machine said that nothing listens.
func isClosed(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// extended returns the extended errors of a reply (RFC 8914).
func extended(reply *dns.Msg) []uint16 {
	var codes []uint16
	if opt := reply.IsEdns0(); opt != nil {
		for _, option := range opt.Option {
			if ede, is := option.(*dns.EDNS0_EDE); is {
				codes = append(codes, ede.InfoCode)
			}
		}
	}
	return codes
}

// says tells whether a reply carries one of some extended errors.
func says(reply *dns.Msg, codes ...uint16) bool {
	return slices.ContainsFunc(extended(reply), func(code uint16) bool { return slices.Contains(codes, code) })
}

// describe writes what a reply says, for people.
func describe(reply *dns.Msg) string {
	text := dns.RcodeToString[reply.Rcode]
	if reply.Rcode == dns.RcodeSuccess && len(reply.Answer) == 0 {
		text = "no data"
	}
	for _, code := range extended(reply) {
		if name := dns.ExtendedErrorCodeToString[code]; name != "" {
			text += " (" + name + ")"
		}
	}
	return text
}

// codes returns the A records of a reply, whatever CNAMEs lead there.
func codes(reply *dns.Msg) []netip.Addr {
	var addrs []netip.Addr
	for _, record := range reply.Answer {
		if a, is := record.(*dns.A); is {
			if addr, ok := netip.AddrFromSlice(a.A.To4()); ok {
				addrs = append(addrs, addr)
			}
		}
	}
	return addrs
}

// listed tells whether a reply lists: by 127.0.0.2, which every listing has.
func listed(reply *dns.Msg) bool { return slices.Contains(codes(reply), testListed) }

// The test entries (RFC 5782 §5).
var (
	testListed   = netip.AddrFrom4([4]byte{127, 0, 0, 2})
	testUnlisted = netip.AddrFrom4([4]byte{127, 0, 0, 1})
)

// nameOf returns the name to ask for an address.
func (e *examination) nameOf(addr netip.Addr) string { return dnsbl.QueryName(addr, e.zone) }

// mappedName returns the IPv6 form of an IPv4 address's name, in nibbles (RFC
// 5782 §2.4), which some clients ask for.
func (e *examination) mappedName(addr netip.Addr) string {
	const digits = "0123456789abcdef"
	octets := addr.As16()
	var name strings.Builder
	for i := len(octets) - 1; i >= 0; i-- {
		name.WriteByte(digits[octets[i]&0xf])
		name.WriteByte('.')
		name.WriteByte(digits[octets[i]>>4])
		name.WriteByte('.')
	}
	return name.String() + e.zone
}

// soaOf returns the SOA record of a reply, wherever it stands.
func soaOf(reply *dns.Msg) *dns.SOA {
	for _, record := range slices.Concat(reply.Answer, reply.Ns) {
		if soa, is := record.(*dns.SOA); is {
			return soa
		}
	}
	return nil
}
