package lists

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Zone is what formats that name servers load tell of the zone itself. Names
// are fully qualified, times are in seconds.
type Zone struct {
	Name    string
	Contact string // where people look a listing up, if anywhere
	Mailbox string // as a domain name
	Serial  uint32
	TTL     uint32 // of listings

	// NegativeTTL is how long a denial may be cached; Refresh, Retry and Expire
	// are those of the SOA.
	NegativeTTL, Refresh, Retry, Expire uint32

	// Servers are the name servers of the zone, the first one first, then those
	// of the zones below it.
	Servers []Server
	// Tests are the test entries.
	Tests []Entry
}

// Server is a name server of a zone.
type Server struct {
	Zone  string
	Name  string
	Addrs []netip.Addr // none when the name lies elsewhere
}

// masterFile is the format of RFC 1035 §5, which every name server loads. A
// network is a wildcard, within which nothing else is named.
func masterFile() Format {
	return Format{
		Name: "zone", suffix: "zone", ContentType: asciiText, Help: "a master file, for any name server",
		Published: true,
		prepare:   func(entries iter.Seq[Entry], _ Head) iter.Seq[Entry] { return Cut(Disjoint(entries), nameable) },
		head:      func(dst []byte, h Head) []byte { return appendZoneHead(dst, h.Zone) },
		entry:     func(dst []byte, e Entry, _ Head) []byte { return appendZoneEntry(dst, e) },
	}
}

func appendZoneHead(dst []byte, z Zone) []byte {
	dst = append(append(append(dst, "$ORIGIN "...), z.Name...), '\n')
	dst = appendUint(append(dst, "$TTL "...), z.TTL)
	primary := ""
	if len(z.Servers) > 0 {
		primary = z.Servers[0].Name
	}
	dst = appendUint(append(dst, "\n@ "...), z.NegativeTTL)
	dst = append(append(append(append(append(dst, " IN SOA "...), primary...), ' '), z.Mailbox...), ' ')
	dst = append(appendTimes(dst, z), '\n')
	for _, server := range z.Servers {
		dst = appendRecord(dst, server.Zone, z.NegativeTTL, "NS", server.Name)
		for _, addr := range server.Addrs {
			rrtype := "A"
			if addr.Is6() {
				rrtype = "AAAA"
			}
			dst = appendRecord(dst, server.Name, z.NegativeTTL, rrtype, addr.String())
		}
	}
	for _, test := range z.Tests {
		dst = appendZoneEntry(dst, test)
		dst = appendZoneRecords(dst, test, appendNibbles(nil, test.Prefix.Addr().As16(), 0)) // IPv4-mapped
	}
	return dst
}

// appendTimes appends serial, refresh, retry, expire and minimum of an SOA.
func appendTimes(dst []byte, z Zone) []byte {
	for i, number := range []uint32{z.Serial, z.Refresh, z.Retry, z.Expire, z.NegativeTTL} {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = appendUint(dst, number)
	}
	return dst
}

// appendZoneEntry writes an A record for each code, and the text.
func appendZoneEntry(dst []byte, e Entry) []byte {
	var space [64]byte
	return appendZoneRecords(dst, e, appendOwner(space[:0], e.Prefix))
}

func appendZoneRecords(dst []byte, e Entry, owner []byte) []byte {
	for _, code := range e.Codes {
		dst = appendUint(append(append(dst, owner...), ' '), e.TTL)
		dst = appendUint(append(dst, " IN A 127.0.0."...), uint32(code))
		dst = append(dst, '\n')
	}
	dst = appendUint(append(append(dst, owner...), ' '), e.TTL)
	dst = append(dst, " IN TXT \""...)
	for _, c := range []byte(e.Text) {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, "\"\n"...)
}

func appendRecord(dst []byte, owner string, ttl uint32, rrtype, data string) []byte {
	dst = appendUint(append(append(dst, owner...), ' '), ttl)
	return append(dst, strings.Join([]string{" IN", rrtype, data}, " ")+"\n"...)
}

// appendOwner writes the name that stands for a prefix within its zone: the
// address reversed (RFC 5782 §2.1, §2.4), or for a network of whole octets or
// nibbles the wildcard of all below it.
func appendOwner(dst []byte, p netip.Prefix) []byte {
	const nibbleBits = 4
	if p.Addr().Is6() {
		wild := (p.Addr().BitLen() - p.Bits()) / nibbleBits
		if wild > 0 {
			dst = append(dst, "*."...)
		}
		return appendNibbles(dst, p.Addr().As16(), wild)
	}
	octets := p.Addr().As4()
	named := octets[:p.Bits()/8]
	if len(named) < len(octets) {
		dst = append(dst, "*."...)
	}
	for i, octet := range slices.Backward(named) {
		dst = appendUint(dst, uint32(octet))
		if i > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

// appendNibbles writes the nibbles of an address, last one first, without the
// last few.
func appendNibbles(dst []byte, octets [16]byte, without int) []byte {
	const digits = "0123456789abcdef"
	for n := len(octets)*2 - 1 - without; n >= 0; n-- {
		nibble := octets[n/2] >> 4
		if n%2 == 1 {
			nibble = octets[n/2] & 0xf
		}
		dst = append(dst, digits[nibble])
		if n > 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

func appendUint(dst []byte, n uint32) []byte { return strconv.AppendUint(dst, uint64(n), 10) }
