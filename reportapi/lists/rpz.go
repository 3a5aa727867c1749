package lists

import (
	"net/netip"
	"slices"
	"strings"
)

// Response is what a response policy zone is to do, and about whom. The zero
// Response is that a name which leads to a listed address does not exist
// (rpz-ip): who is listed attacks servers, and seldom asks our resolver.
type Response struct {
	Client bool // whoever asks from a listed address (rpz-client-ip)
	Drop   bool // gets no answer at all (rpz-drop)
}

// responsePolicy is a response policy zone, which a resolver loads. The zone
// goes by any name.
func responsePolicy() Format {
	return Format{
		Name: "rpz", suffix: "zone", ContentType: asciiText, Help: "a response policy zone, for resolvers",
		Published: true, Responds: true,
		head:  func(dst []byte, h Head) []byte { return appendPolicyHead(dst, h.Zone) },
		entry: func(dst []byte, e Entry, h Head) []byte { return appendPolicyEntry(dst, e, h.Response) },
	}
}

// appendPolicyHead writes an SOA and a name server that stand for nothing:
// nobody asks a policy zone.
func appendPolicyHead(dst []byte, z Zone) []byte {
	dst = append(appendUint(append(dst, "$TTL "...), z.TTL), "\n@ IN SOA localhost. "...)
	dst = append(append(dst, z.Mailbox...), ' ')
	return append(appendTimes(dst, z), "\n@ IN NS localhost.\n"...)
}

func appendPolicyEntry(dst []byte, e Entry, r Response) []byte {
	trigger, action := ".rpz-ip CNAME ", ".\n"
	if r.Client {
		trigger = ".rpz-client-ip CNAME "
	}
	if r.Drop {
		action = "rpz-drop.\n"
	}
	dst = append(appendUint(dst, uint32(e.Prefix.Bits())), '.')
	return append(append(appendTrigger(dst, e.Prefix.Addr()), trigger...), action...)
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
