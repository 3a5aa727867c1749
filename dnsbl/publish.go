package dnsbl

import (
	"iter"
	"net/netip"
	"strings"
	"time"

	"penaltybox/scoring"
)

// Publication is what a zone answers at one moment, for copies that are made
// otherwise than by zone transfer. Names are fully qualified.
type Publication struct {
	Origin  string
	Mailbox string // as a domain name
	Serial  uint32 // as the SOA has it: the second of the last change

	// TTL bounds that of listings, NegativeTTL is that of all else; Refresh,
	// Retry and Expire are the SOA's. All are in whole seconds.
	TTL, NegativeTTL, Refresh, Retry, Expire time.Duration

	// Servers are those of the zone, then those of the zones below it.
	Servers []PublishedServer
	// Tests are the test entries.
	Tests []PublishedListing

	copy zoneCopy
}

// PublishedServer is a name server of a zone. Addrs are given when its name
// lies within the publication's zone.
type PublishedServer struct {
	Zone, Name string
	Addrs      []netip.Addr
}

// PublishedListing is what a zone answers about a listed address.
type PublishedListing struct {
	Addr  netip.Addr
	Codes []byte // last octets of 127.0.0.N, ascending
	Text  string
	TTL   uint32 // seconds
}

// Publish tells what a zone answers now; false: the server has no such zone, or
// no [Listings].
func (s *Server) Publish(origin string) (*Publication, bool) {
	set, now := s.zones.Load(), s.now()
	zone := set.byOrigin[string(frontOf(canonical(origin)))]
	if zone == nil || zone.serial == nil {
		return nil, false
	}
	c := s.newCopy(set, zone, now)
	p := &Publication{
		Origin: zone.Origin, Mailbox: zone.soa.Mbox, Serial: c.serial,
		TTL: zone.TTL, NegativeTTL: zone.NegativeTTL,
		Refresh: soaRefresh * time.Second, Retry: soaRetry * time.Second, Expire: soaExpire * time.Second,
		copy: c,
	}
	for _, zone := range c.zones() {
		for _, name := range zone.nameservers {
			server := PublishedServer{Zone: zone.Origin, Name: name}
			if strings.HasSuffix(name, "."+p.Origin) {
				for _, addr := range zone.addrsOf(name) {
					server.Addrs = append(server.Addrs, addr.Unmap())
				}
			}
			p.Servers = append(p.Servers, server)
		}
	}
	for addr, l := range c.testListings() {
		p.Tests = append(p.Tests, l.published(addr))
	}
	return p, true
}

// Listed yields what the zone answers about all that it lists, sorted by prefix,
// IPv4 first; an IPv6 /64 by its first address. What a range lists comes in
// addresses and in prefixes that are whole octets of IPv4, or nibbles of IPv6.
// Nothing is held twice.
func (p *Publication) Listed() iter.Seq2[netip.Prefix, PublishedListing] {
	return func(yield func(netip.Prefix, PublishedListing) bool) {
		for prefix, l := range p.copy.listings() {
			if !yield(prefix, l.published(prefix.Addr())) {
				return
			}
		}
	}
}

// Listing is what the zone answers about a prefix that counts with these
// categories until a moment.
func (p *Publication) Listing(prefix netip.Prefix, categories scoring.CategorySet, until time.Time) PublishedListing {
	verdict := scoring.Verdict{Listed: true, Until: until, Next: until, Categories: categories}
	if scoring.IsRange(prefix) {
		verdict.Prefix, verdict.Range = prefix, prefix
	}
	return p.copy.zone.newListing(prefix.Addr(), verdict, p.copy.categories, p.copy.now).published(prefix.Addr())
}

func (l listing) published(addr netip.Addr) PublishedListing {
	return PublishedListing{Addr: addr, Codes: l.codes, Text: l.text, TTL: l.ttl}
}
