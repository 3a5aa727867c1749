package dnsbl

import (
	"cmp"
	"iter"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"penaltybox/scoring"
)

// Listings tells all that a rule lists, for copies of a zone. It must not block.
type Listings interface {
	// Blocks yields what a rule lists at one moment, whatever is written
	// meanwhile, as prefixes that have nothing in common, sorted, IPv4 first; a
	// prefix has the verdict of every address within. categories are those that
	// the rule counts.
	Blocks(rule int, categories scoring.CategorySet, now time.Time) iter.Seq2[netip.Prefix, scoring.Verdict]
	// Version moves with every change that time alone does not make.
	Version() uint64
}

var _ Listings = (*scoring.Index)(nil)

// zoneCopy is a zone at one moment, as other name servers hold it.
//
// A listed /64 is a wildcard there, whose text names the /64 by its first
// address. What a range lists is a wildcard where names allow for one, else the
// names of all its addresses; within a wildcard nothing else is named, because it
// would not hold for the neighbours of what is (RFC 4592 §3.3.1). Names that are part of addresses' names need no records: they exist
// because of what lies below. IPv4-mapped names of listed addresses are left
// out, which would double the zone for the one client that asks them too.
type zoneCopy struct {
	zone       *servedZone
	children   []*servedZone
	source     Listings
	categories []scoring.Category
	now        time.Time
	serial     uint32
}

// newCopy makes a copy of what a zone is now.
func (s *Server) newCopy(set *zoneSet, zone *servedZone, now time.Time) zoneCopy {
	categories := s.responder.categories()
	return zoneCopy{
		zone: zone, children: set.childrenOf(zone), source: s.listings,
		categories: categories, now: now, serial: zone.serial.at(now, categories),
	}
}

// childrenOf returns the zones directly below another, by name.
func (s *zoneSet) childrenOf(zone *servedZone) []*servedZone {
	var children []*servedZone
	for _, child := range s.byOrigin {
		if child.parent == zone {
			children = append(children, child)
		}
	}
	slices.SortFunc(children, func(a, b *servedZone) int { return cmp.Compare(a.Origin, b.Origin) })
	return children
}

// soa returns the record that a transfer begins and ends with.
func (c *zoneCopy) soa() dns.RR {
	soa := c.zone.soa
	soa.Hdr, soa.Serial = header(c.zone.Origin, dns.TypeSOA, c.zone.negativeTTL), c.serial
	return &soa
}

// records yields all records but the SOA, those of one name one after another.
func (c *zoneCopy) records() iter.Seq[dns.RR] {
	return func(yield func(dns.RR) bool) {
		_ = c.servers(yield) && c.testEntries(yield) && c.listed(yield)
	}
}

// zones returns the zone and those below it.
func (c *zoneCopy) zones() []*servedZone { return append([]*servedZone{c.zone}, c.children...) }

// servers yields the name servers of the zone and of those below it, with
// their addresses.
func (c *zoneCopy) servers(yield func(dns.RR) bool) bool {
	for _, zone := range c.zones() {
		for _, name := range zone.nameservers {
			if !yield(&dns.NS{Hdr: header(zone.Origin, dns.TypeNS, c.zone.negativeTTL), Ns: name}) {
				return false
			}
			if !strings.HasSuffix(name, "."+c.zone.Origin) {
				continue
			}
			for _, addr := range zone.addrsOf(name) {
				if !yield(addressRecord(name, c.zone.negativeTTL, addr.Unmap())) {
					return false
				}
			}
		}
	}
	return true
}

// addrsOf returns the addresses of a name server.
func (z *servedZone) addrsOf(name string) []netip.Addr {
	for _, server := range z.Nameservers {
		if server.Name == name {
			return server.Addrs
		}
	}
	return nil
}

func addressRecord(name string, ttl uint32, addr netip.Addr) dns.RR {
	if addr.Is4() {
		return &dns.A{Hdr: header(name, dns.TypeA, ttl), A: addr.AsSlice()}
	}
	return &dns.AAAA{Hdr: header(name, dns.TypeAAAA, ttl), AAAA: addr.AsSlice()}
}

// testListings yields the test entries of the zone.
func (c *zoneCopy) testListings() iter.Seq2[netip.Addr, listing] {
	return func(yield func(netip.Addr, listing) bool) {
		for last := range 256 {
			addr := netip.AddrFrom4([4]byte{127, 0, 0, byte(last)})
			set, is := c.zone.testEntry(addr, c.categories)
			if is && !yield(addr, c.zone.newTestListing(addr, set, c.categories)) {
				return
			}
		}
	}
}

// testEntries yields the records of the test entries, under their IPv4 and
// their IPv4-mapped names (RFC 5782 §5).
func (c *zoneCopy) testEntries(yield func(dns.RR) bool) bool {
	for addr, l := range c.testListings() {
		mapped := nibbleName(netip.AddrFrom16(addr.As16()), c.zone.Origin)
		if !l.yield(QueryName(addr, c.zone.Origin), yield) || !l.yield(mapped, yield) {
			return false
		}
	}
	return true
}

// listed yields the records of what the zone lists.
func (c *zoneCopy) listed(yield func(dns.RR) bool) bool {
	for prefix, l := range c.listings() {
		if !l.yield(recordName(prefix, c.zone.Origin), yield) {
			return false
		}
	}
	return true
}

// listings yields what the zone lists. When the last one is through there is
// a copy, and its serial holds until the first of them changes by itself.
func (c *zoneCopy) listings() iter.Seq2[netip.Prefix, listing] {
	return func(yield func(netip.Prefix, listing) bool) {
		var next time.Time
		for prefix, verdict := range c.source.Blocks(c.zone.Rule, c.zone.Categories, c.now) {
			addr := prefix.Addr()
			if special(addr) {
				continue
			}
			if next.IsZero() || verdict.Next.Before(next) {
				next = verdict.Next
			}
			for part := range nameable(prefix) {
				if !yield(part, c.zone.newListing(part.Addr(), verdict, c.categories, c.now)) {
					return
				}
			}
		}
		c.zone.serial.copied(c.serial, next)
	}
}

// yield yields the records of a listing under a name.
func (l listing) yield(name string, yield func(dns.RR) bool) bool {
	for _, code := range l.codes {
		if !yield(&dns.A{Hdr: header(name, dns.TypeA, l.ttl), A: net.IP{127, 0, 0, code}}) {
			return false
		}
	}
	return yield(&dns.TXT{Hdr: header(name, dns.TypeTXT, l.ttl), Txt: []string{l.text}})
}

// nameable yields the prefixes that one name each stands for and that together
// are a listed prefix: IPv4 addresses and whole /24, IPv6 networks of whole
// nibbles.
func nameable(prefix netip.Prefix) iter.Seq[netip.Prefix] {
	const octetBits, nibbleBits = 8, 4
	step := octetBits
	if prefix.Addr().Is6() {
		step = nibbleBits
	}
	bits := (prefix.Bits() + step - 1) / step * step
	return func(yield func(netip.Prefix) bool) {
		for addr := prefix.Addr(); prefix.Contains(addr); addr = lastOf(netip.PrefixFrom(addr, bits)).Next() {
			if !yield(netip.PrefixFrom(addr, bits)) {
				return
			}
		}
	}
}

// lastOf returns the last address of a prefix.
func lastOf(prefix netip.Prefix) netip.Addr {
	octets := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(octets)*8; bit++ {
		octets[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(octets)
	return last
}

// recordName is the name that holds the records of a nameable prefix: that of the
// address, or the wildcard of all within (RFC 4592).
func recordName(prefix netip.Prefix, origin string) string {
	name := QueryName(prefix.Addr(), origin)
	label := 8 // bits
	if prefix.Addr().Is6() {
		label = 4
	}
	labels := (prefix.Addr().BitLen() - prefix.Bits()) / label
	if labels == 0 {
		return name
	}
	for range labels {
		name = name[strings.IndexByte(name, '.')+1:]
	}
	return "*." + name
}
