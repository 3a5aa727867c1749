package redisledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// A member of a bucket is one incident without its detail, as it was recorded:
//
//	1 byte    format, 1
//	1 byte    prefix length: 0..32 of IPv4, 128 + 0..64 of IPv6
//	4 or 8    the IPv4 address, or the upper half of the IPv6 address
//	8         id, big-endian
//	uvarint   kind, points, reporter
//	varint    reported, unix seconds
//	varint    expires, seconds after reported
//
// About 26 bytes for IPv4, never more than 64. The same incident is always the
// same member, so that a write sent twice is stored once. What follows these
// fields belongs to newer versions and is ignored.
const (
	memberFormat = 1
	bitsIPv6     = 128
)

// errFormat is a record that this version cannot read.
var errFormat = errors.New("format unknown")

// appendMember encodes an incident. It refuses prefixes that the schema has no
// place for and incidents that never expire.
func appendMember(b []byte, in scoring.Incident) ([]byte, error) {
	addr := in.Prefix.Addr()
	bits := in.Prefix.Bits()
	if !in.Prefix.IsValid() || in.Prefix.Masked() != in.Prefix || addr.Is4In6() || !addr.Is4() && bits > 64 {
		return b, fmt.Errorf("incident %s: prefix %s: want a masked IPv4 prefix, or an IPv6 prefix of at most /64", in.ID, in.Prefix)
	}
	if in.Expires.Unix() <= 0 {
		return b, fmt.Errorf("incident %s on %s: has no expiry", in.ID, in.Prefix)
	}
	b = appendPrefix(append(b, memberFormat), in.Prefix)
	b = binary.BigEndian.AppendUint64(b, uint64(in.ID))
	b = binary.AppendUvarint(b, uint64(in.Kind))
	b = binary.AppendUvarint(b, uint64(in.Points))
	b = binary.AppendUvarint(b, uint64(in.Reporter))
	b = binary.AppendVarint(b, in.Reported.Unix())
	return binary.AppendVarint(b, in.Expires.Unix()-in.Reported.Unix()), nil
}

// appendPrefix encodes the prefix length and the address.
func appendPrefix(b []byte, prefix netip.Prefix) []byte {
	bits := prefix.Bits()
	if prefix.Addr().Is4() {
		octets := prefix.Addr().As4()
		return append(append(b, byte(bits)), octets[:]...)
	}
	octets := prefix.Addr().As16()
	return append(append(b, byte(bitsIPv6+bits)), octets[:8]...)
}

// decodeMember reads what appendMember wrote.
func decodeMember(text string) (scoring.Incident, error) {
	r := reader{rest: text}
	if format := r.byte(); r.err == nil && format != memberFormat {
		return scoring.Incident{}, fmt.Errorf("incident %q: %w: %d", text, errFormat, format)
	}
	prefix, err := r.prefix()
	if err != nil {
		return scoring.Incident{}, fmt.Errorf("incident %q: %w", text, err)
	}
	in := scoring.Incident{
		Prefix:   prefix,
		ID:       scoring.ID(r.uint64()),
		Kind:     scoring.KindNumber(r.uvarint(math.MaxUint16)),
		Points:   uint16(r.uvarint(math.MaxUint16)),
		Reporter: scoring.ReporterNumber(r.uvarint(math.MaxUint32)),
	}
	reported := r.varint()
	in.Reported = unixTime(reported)
	in.Expires = unixTime(reported + r.varint())
	if r.err != nil {
		return scoring.Incident{}, fmt.Errorf("incident %q: %w", text, r.err)
	}
	return in, nil
}

func unixTime(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// prefix reads the prefix length and the address.
func (r *reader) prefix() (netip.Prefix, error) {
	bits, is6 := int(r.byte()), false
	if bits >= bitsIPv6 {
		bits, is6 = bits-bitsIPv6, true
	}
	var addr netip.Addr
	if is6 {
		var octets [16]byte
		copy(octets[:8], r.next(8))
		addr = netip.AddrFrom16(octets)
	} else {
		var octets [4]byte
		copy(octets[:], r.next(4))
		addr = netip.AddrFrom4(octets)
	}
	prefix := netip.PrefixFrom(addr, bits)
	switch {
	case r.err != nil:
		return prefix, r.err
	case !prefix.IsValid() || is6 && bits > 64 || prefix.Masked() != prefix:
		return prefix, fmt.Errorf("prefix %s with length %d is not one", addr, bits)
	}
	return prefix, nil
}
