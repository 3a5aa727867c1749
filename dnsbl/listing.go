package dnsbl

import (
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// listing is what a zone answers about a listed address.
type listing struct {
	codes []byte // last octets of 127.0.0.N, ascending, beginning with 2
	ttl   uint32 // seconds
	text  string
}

// newListing makes the answer for an address that the board lists.
func (z *servedZone) newListing(addr netip.Addr, verdict scoring.Verdict, categories []scoring.Category, now time.Time) listing {
	set := verdict.Categories & z.Categories
	text := z.text.append(nil, &textValues{
		addr: addr, within: verdict.Range, whole: verdict.Prefix == verdict.Range,
		until: verdict.Until, categories: categories, set: set, contact: z.Contact,
	})
	return listing{z.Codes.Octets(categories, set), z.positiveTTL(verdict.Next, now), string(text)}
}

// newTestListing makes the answer for a test entry. It says what it is, also
// in a zone with a text of its own.
func (z *servedZone) newTestListing(addr netip.Addr, set scoring.CategorySet, categories []scoring.Category) listing {
	set &= z.Categories
	text := usualText(" is a test entry, always listed").append(nil, &textValues{addr: addr, categories: categories, set: set, contact: z.Contact})
	return listing{z.Codes.Octets(categories, set), uint32(z.TTL / time.Second), string(text)}
}

// positiveTTL lets no answer be cached beyond its next change, nor longer than
// the zone's TTL. It is at least a second, because some resolvers refuse or
// stretch 0.
func (z *servedZone) positiveTTL(next, now time.Time) uint32 {
	ttl := z.TTL
	if !next.IsZero() {
		ttl = min(ttl, next.Sub(now))
	}
	return uint32(max(ttl, time.Second) / time.Second)
}
