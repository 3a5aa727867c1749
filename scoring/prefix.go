package scoring

import (
	"fmt"
	"net/netip"
)

// Shards is the number of parts that ledgers and scoreboard split the address
// space into. It is part of every ledger's schema.
const Shards = 16

// PrefixOf returns the prefix that is scored for an address: the address
// itself for IPv4 (IPv4-mapped IPv6 is unmapped, RFC 4291 §2.5.5.2), the /64
// for IPv6, because one customer holds at least that much.
func PrefixOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return netip.PrefixFrom(addr, 32)
	}
	return netip.PrefixFrom(addr, 64).Masked()
}

// IsRange tells whether a prefix is a range that is scored for itself: IPv4 /24 to
// /31, IPv6 /48 to /63.
func IsRange(prefix netip.Prefix) bool {
	k, ok := keyOfScored(prefix)
	return ok && k.isRange()
}

// IsScored tells whether incidents of a prefix are scored: it is what [PrefixOf]
// returns, or a range.
func IsScored(prefix netip.Prefix) bool {
	_, ok := keyOfScored(prefix)
	return ok
}

// ShardOf returns the shard of a scored prefix, 0..Shards-1: the same on every
// node and in every ledger.
func ShardOf(prefix netip.Prefix) int { return keyOf(prefix.Addr()).shard() }

// shardOfNumber is Fibonacci hashing, which spreads neighbours; the constant
// is 2^64/φ, and the upper four bits number the 16 shards.
func shardOfNumber(n uint64) int { return int(n * 0x9e3779b97f4a7c15 >> 60) }

var sixToFour = netip.MustParsePrefix("2002::/16")

// special are the ranges that mean nothing outside one network. They are never
// listed and reports about them are refused (RFC 6471 §3.5, RFC 6890).
// Documentation ranges are ordinary addresses: examples use them.
var special = []struct {
	prefix netip.Prefix
	name   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network (0.0.0.0/8)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private (10.0.0.0/8)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT (100.64.0.0/10)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (127.0.0.0/8)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (169.254.0.0/16)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private (172.16.0.0/12)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private (192.168.0.0/16)"},
	{netip.MustParsePrefix("224.0.0.0/3"), "multicast or reserved (224.0.0.0/3)"},
	{netip.MustParsePrefix("::/64"), "unspecified or loopback (::/64)"},
	// One /64 of these stands for the users of a whole translator or relay.
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64 (64:ff9b::/96)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64 (64:ff9b:1::/48)"},
	{netip.MustParsePrefix("2001::/32"), "Teredo (2001::/32)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (fe80::/10)"},
	{netip.MustParsePrefix("fc00::/7"), "unique local (fc00::/7)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (ff00::/8)"},
}

// specialOctets are the first octets of addresses that may be special: nearly
// all addresses are told apart by them.
var specialOctets = firstOctets()

func firstOctets() (octets struct{ v4, v6 [256]bool }) {
	for i := range 256 {
		v4 := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(i)}), 8)
		v6 := netip.PrefixFrom(netip.AddrFrom16([16]byte{byte(i)}), 8)
		octets.v6[i] = v6.Overlaps(sixToFour)
		for _, s := range special {
			octets.v4[i] = octets.v4[i] || v4.Overlaps(s.prefix)
			octets.v6[i] = octets.v6[i] || v6.Overlaps(s.prefix)
		}
	}
	return octets
}

// special is Special for keys.
func (k scoredKey) special() bool {
	if !k.v6 && !specialOctets.v4[uint8(k.n>>24)] || k.v6 && !specialOctets.v6[k.n>>56] {
		return false
	}
	_, special := Special(k.addr())
	return special
}

// Special tells whether an address lies in a range that is never listed, and
// names the range. Mapped IPv4 is unmapped first; a 6to4 address (RFC 3056 §2)
// is as special as the IPv4 address within.
func Special(addr netip.Addr) (name string, is bool) {
	addr = addr.Unmap().WithZone("")
	if sixToFour.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[2:6]))
	}
	for _, s := range special {
		if s.prefix.Contains(addr) {
			return s.name, true
		}
	}
	return "", false
}

// ParseTarget reads what a report names: an IPv4 or IPv6 address, or exactly a
// scored prefix (/32, /64). Host names, zones, ports, octets with leading
// zeros and wider ranges are refused with the reason.
func ParseTarget(text string) (netip.Addr, netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: has a zone; send the address alone", text)
		}
		addr = addr.Unmap()
		return addr, PrefixOf(addr), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: want an IPv4 or IPv6 address such as 203.0.113.7 or 2001:db8::7", text)
	}
	addr := prefix.Addr().Unmap()
	scored := PrefixOf(addr)
	bits := prefix.Bits()
	if prefix.Addr().Is4In6() {
		bits -= 96
	}
	if bits != scored.Bits() && bits != addr.BitLen() {
		return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: ranges are not taken; send single addresses (an IPv6 address stands for its /64)", text)
	}
	return addr, scored, nil
}

// ParseReported reads what a report may name: what [ParseTarget] reads, or a
// range that is scored for itself, for which it returns the first address. A range
// that is too wide, or whose address is not its first, is refused with the reason:
// it would list others than were meant.
func ParseReported(text string) (netip.Addr, netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return ParseTarget(text)
	}
	if mapped := prefix.Addr().Is4In6(); mapped && prefix.Bits() < 96 {
		return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: is too wide a range, of IPv4 and of IPv6 at once", text)
	} else if mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	unit, widest := PrefixOf(prefix.Addr()).Bits(), keyOf(prefix.Addr()).widest()
	switch {
	case prefix.Bits() == unit || prefix.Bits() == prefix.Addr().BitLen():
		return ParseTarget(text)
	case prefix.Bits() > unit:
		return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: is part of a /64, which is what is scored; send one address of it", text)
	case prefix.Bits() < unit-widest:
		return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: is too wide a range; a report names at most an IPv4 /24 or an IPv6 /48", text)
	case prefix != prefix.Masked():
		return netip.Addr{}, netip.Prefix{}, fmt.Errorf("address %q: is not the first of its range; send %s, or the address alone", text, prefix.Masked())
	}
	return prefix.Addr(), prefix, nil
}
