package dnsbl

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/miekg/dns"
)

// maxNameOctets is the longest name on the wire, root included (RFC 1035
// §2.3.4).
const maxNameOctets = 255

// maxLabelOctets is the longest label (RFC 1035 §2.3.4).
const maxLabelOctets = 63

// queryOctets is the longest address in front of an origin: 32 nibble labels
// of two octets each.
const queryOctets = 64

// wireName is a name in wire form: labels, each a length octet and its octets,
// without compression and without the root label. It is lower-cased, because
// names match without regard to case (RFC 4343). Escapes of the written form
// are gone, so that a dot within a label is not mistaken for a separator.
type wireName struct {
	octets [maxNameOctets]byte
	length int
	starts [maxNameOctets / 2]uint8 // where each label begins
	labels int
}

// set reads a written name that ends with a dot. It reports false when the
// name cannot stand on the wire.
func (n *wireName) set(written string) bool {
	if !n.setExact(written) {
		return false
	}
	// Length octets are at most 63 and are not letters.
	for i, c := range n.octets[:n.length] {
		if 'A' <= c && c <= 'Z' {
			n.octets[i] = c + 'a' - 'A'
		}
	}
	return true
}

// setExact is set without lower-casing.
func (n *wireName) setExact(written string) bool {
	end, err := dns.PackDomainName(written, n.octets[:], 0, nil, false)
	if err != nil || end == 0 {
		return false
	}
	n.length, n.labels = end-1, 0
	for at := 0; at < n.length; at += 1 + int(n.octets[at]) {
		n.starts[n.labels] = uint8(at)
		n.labels++
	}
	return true
}

// split parts the name before its last labels: what stands in front of an
// origin with so many labels, and that origin.
func (n *wireName) split(labels int) (front, origin []byte) {
	at := n.length
	if labels > 0 {
		at = int(n.starts[n.labels-labels])
	}
	return n.octets[:at], n.octets[at:n.length]
}

// place is where in a zone a name stands.
type place uint8

const (
	placeNowhere  place = iota // cannot name an address
	placeApex                  // the origin itself
	placeInterior              // part of addresses' names
	placeAddress               // an address
)

// subject is what the labels in front of an origin name.
type subject struct {
	place place
	addr  netip.Addr // IPv4-mapped IPv6 is unmapped
	// interior: the address's name is also part of longer names, as 1.0.0.2
	// is of those of 2001::/16.
	interior bool
}

// parseSubject reads the lower-case wire labels in front of an origin: four
// decimal octets (RFC 5782 §2.1) or 32 hexadecimal nibbles (§2.4), last one
// first. It is strict: 066 and 256 are no octets.
func parseSubject(front []byte) subject {
	var (
		octets       [4]byte
		nibbles      [32]byte
		count        int
		decimal, hex = true, true
	)
	for ; len(front) > 0; count++ {
		label := front[1 : 1+int(front[0])]
		front = front[1+len(label):]
		if decimal = decimal && count < len(octets); decimal {
			octets[len(octets)-1-count], decimal = parseOctet(label)
		}
		if hex = hex && count < len(nibbles); hex {
			nibbles[len(nibbles)-1-count], hex = parseNibble(label)
		}
		if !decimal && !hex {
			return subject{place: placeNowhere}
		}
	}
	switch {
	case count == 0:
		return subject{place: placeApex}
	case hex && count == len(nibbles):
		return subject{place: placeAddress, addr: joinNibbles(nibbles)}
	case decimal && count == len(octets):
		return subject{place: placeAddress, addr: netip.AddrFrom4(octets), interior: hex}
	default:
		return subject{place: placeInterior}
	}
}

// parseOctet reads 0..255 without leading zeros.
func parseOctet(label []byte) (byte, bool) {
	if len(label) == 0 || len(label) > 3 || label[0] == '0' && len(label) > 1 {
		return 0, false
	}
	n := 0
	for _, c := range label {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return byte(n), n <= 255
}

// parseNibble reads one lower-case hexadecimal digit.
func parseNibble(label []byte) (byte, bool) {
	if len(label) != 1 {
		return 0, false
	}
	switch c := label[0]; {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	default:
		return 0, false
	}
}

// joinNibbles makes an address of 32 nibbles, highest first. Clients that
// treat every address as IPv6 ask for IPv4 as ::ffff:a.b.c.d; it is unmapped.
func joinNibbles(nibbles [32]byte) netip.Addr {
	var octets [16]byte
	for i := range octets {
		octets[i] = nibbles[2*i]<<4 | nibbles[2*i+1]
	}
	return netip.AddrFrom16(octets).Unmap()
}

// QueryName returns the name under which a zone answers about an address
// (RFC 5782 §2.1 and §2.4): 7.113.0.203.bl.example. for 203.0.113.7. IPv4-mapped
// IPv6 is unmapped.
func QueryName(addr netip.Addr, origin string) string {
	addr = addr.Unmap()
	if addr.Is6() {
		return nibbleName(addr, origin)
	}
	var name []byte
	for _, octet := range slices.Backward(addr.AsSlice()) {
		name = append(strconv.AppendUint(name, uint64(octet), 10), '.')
	}
	return string(name) + dns.Fqdn(origin)
}

// nibbleName is [QueryName] for IPv6, and for IPv4-mapped as it stands.
func nibbleName(addr netip.Addr, origin string) string {
	const digits = "0123456789abcdef"
	var name []byte
	for _, octet := range slices.Backward(addr.AsSlice()) {
		name = append(name, digits[octet&0xf], '.', digits[octet>>4], '.')
	}
	return string(name) + dns.Fqdn(origin)
}
