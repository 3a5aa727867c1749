package listfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

var errNoAddress = errors.New("is no address, network or range, such as 203.0.113.7, 203.0.113.0/24 or 203.0.113.7-203.0.113.9")

// parseSpan reads an address, a network, or a range of IPv4 addresses, and
// returns the networks that make it up, without host bits.
func parseSpan(text string) ([]netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
		return []netip.Prefix{prefix.Masked()}, nil
	}
	begin, end, isRange := strings.Cut(text, "-")
	if !isRange {
		return nil, errNoAddress
	}
	first, errFirst := netip.ParseAddr(begin)
	last, errLast := netip.ParseAddr(end)
	if errFirst != nil || errLast != nil {
		return nil, errNoAddress
	}
	return spanOf(first.Unmap(), last.Unmap())
}

// spanOf returns the networks of a range of IPv4 addresses, fewest first.
func spanOf(first, last netip.Addr) ([]netip.Prefix, error) {
	if !first.Is4() || !last.Is4() {
		return nil, errors.New("is a range of IPv6 addresses; write networks such as 2001:db8::/64")
	}
	if last.Less(first) {
		return nil, fmt.Errorf("is a range that ends before it begins")
	}
	var all []netip.Prefix
	at, end := uint64(number4(first)), uint64(number4(last))
	for at <= end {
		size := bits.TrailingZeros64(at | 1<<32)
		for at+1<<size-1 > end {
			size--
		}
		all = append(all, netip.PrefixFrom(addr4(uint32(at)), 32-size))
		at += 1 << size
	}
	return all, nil
}

func number4(addr netip.Addr) uint32 {
	octets := addr.As4()
	return binary.BigEndian.Uint32(octets[:])
}

func addr4(number uint32) netip.Addr {
	var octets [4]byte
	binary.BigEndian.PutUint32(octets[:], number)
	return netip.AddrFrom4(octets)
}

// parseShort reads what rbldnsd takes beside that: 192.0.2 for a /24, 192.0.2.1-5,
// 192.0.2-5, and 2001:db8 for a /32.
func parseShort(text string) ([]netip.Prefix, error) {
	if prefixes, err := parseSpan(text); err == nil {
		return prefixes, nil
	}
	if strings.Contains(text, ":") {
		return parseGroups(text)
	}
	begin, end, isRange := strings.Cut(text, "-")
	begin, bitsText, isPrefix := strings.Cut(begin, "/")
	first, count, err := parseOctets(begin)
	if err != nil {
		return nil, err
	}
	width := 32 - 8*count
	switch {
	case isPrefix && isRange:
		return nil, errNoAddress
	case isPrefix:
		length, err := strconv.Atoi(bitsText)
		if err != nil || length < 0 || length > 32 {
			return nil, errNoAddress
		}
		return []netip.Prefix{netip.PrefixFrom(addr4(first), length).Masked()}, nil
	case !isRange:
		return []netip.Prefix{netip.PrefixFrom(addr4(first), 32-width)}, nil
	}
	last, lastCount, err := parseOctets(end)
	if err == nil && lastCount == 1 && count > 1 { // the last octet alone
		last, lastCount = first>>width&^0xff<<width|last>>24<<width, count
	}
	if err != nil || lastCount != count {
		return nil, errNoAddress
	}
	return spanOf(addr4(first), addr4(last|uint32(1<<width-1)))
}

// parseOctets reads one to four octets, and returns them as an address that
// goes on with zeros.
func parseOctets(text string) (number uint32, count int, err error) {
	for part := range strings.SplitSeq(text, ".") {
		octet, err := strconv.ParseUint(part, 10, 8)
		if err != nil || count == 4 || len(part) > 1 && part[0] == '0' {
			return 0, 0, errNoAddress
		}
		number |= uint32(octet) << (24 - 8*count)
		count++
	}
	return number, count, nil
}

// parseGroups reads the first groups of an IPv6 network, as rbldnsd does.
func parseGroups(text string) ([]netip.Prefix, error) {
	groups, length, given := strings.Cut(text, "/")
	bits := 16 * (strings.Count(groups, ":") + 1)
	if strings.Contains(groups, "::") || bits >= 128 {
		return nil, errNoAddress
	}
	if given {
		var err error
		if bits, err = strconv.Atoi(length); err != nil {
			return nil, errNoAddress
		}
	}
	prefix, err := netip.ParsePrefix(fmt.Sprintf("%s::/%d", groups, bits))
	if err != nil {
		return nil, errNoAddress
	}
	return []netip.Prefix{prefix.Masked()}, nil
}
