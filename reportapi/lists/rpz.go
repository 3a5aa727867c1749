package lists

import (
	"net/netip"
	"slices"
	"strings"
)

// responsePolicy is a response policy zone, which a resolver loads: for its
// users, names that lead to a listed address do not exist. The trigger is
// rpz-ip, the address in an answer; not rpz-client-ip, because who is listed
// attacks servers and seldom asks our resolver. The zone goes by any name.
func responsePolicy() Format {
	return Format{
		Name: "rpz", suffix: "zone", ContentType: asciiText, Help: "a response policy zone, for resolvers",
		Published: true,
		head:      func(dst []byte, h Head) []byte { return appendPolicyHead(dst, h.Zone) },
		entry:     func(dst []byte, e Entry, _ Head) []byte { return appendPolicyEntry(dst, e) },
	}
}

// appendPolicyHead writes an SOA and a name server that stand for nothing:
// nobody asks a policy zone.
func appendPolicyHead(dst []byte, z Zone) []byte {
	dst = append(appendUint(append(dst, "$TTL "...), z.TTL), "\n@ IN SOA localhost. "...)
	dst = append(append(dst, z.Mailbox...), ' ')
	return append(appendTimes(dst, z), "\n@ IN NS localhost.\n"...)
}

func appendPolicyEntry(dst []byte, e Entry) []byte {
	dst = append(appendUint(dst, uint32(e.Prefix.Bits())), '.')
	return append(appendTrigger(dst, e.Prefix.Addr()), ".rpz-ip CNAME .\n"...)
}

// appendTrigger writes an address as a policy zone has it: IPv4 octets, or the
// groups of an IPv6 address, last one first, with zz for the longest run of
// zeros.
func appendTrigger(dst []byte, addr netip.Addr) []byte {
	if addr.Is4() {
		return appendOwner(dst, netip.PrefixFrom(addr, addr.BitLen()))
	}
	// RFC 5952 §4.2 compresses the same run, and no single group.
	written := strings.Replace(addr.String(), "::", ":zz:", 1)
	groups := strings.Split(strings.Trim(written, ":"), ":")
	slices.Reverse(groups)
	return append(dst, strings.Join(groups, ".")...)
}
