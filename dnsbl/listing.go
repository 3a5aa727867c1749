package dnsbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
)

// maxText is the longest string that a TXT record can carry in one piece (RFC
// 1035 §3.3.14). Clients cut or mangle more than one.
const maxText = 255

// listing is what a zone answers about a listed address.
type listing struct {
	codes []byte // last octets of 127.0.0.N, ascending, beginning with 2
	ttl   uint32 // seconds
	text  string
}

// newListing makes the answer for an address that the board lists.
func (z *servedZone) newListing(addr netip.Addr, verdict scoring.Verdict, categories []scoring.Category, now time.Time) listing {
	names, codes := z.reasons(verdict.Categories, categories)
	head := addr.String() + " listed"
	if !verdict.Until.IsZero() {
		head += " until " + verdict.Until.UTC().Format(time.RFC3339)
	}
	return listing{codes, z.positiveTTL(verdict.Next, now), sentence(head, names, z.Contact)}
}

// newTestListing makes the answer for a test entry.
func (z *servedZone) newTestListing(addr netip.Addr, set scoring.CategorySet, categories []scoring.Category) listing {
	names, codes := z.reasons(set, categories)
	head := addr.String() + " is a test entry, always listed"
	return listing{codes, uint32(z.TTL / time.Second), sentence(head, names, z.Contact)}
}

// reasons returns the names of the categories in a set, in the policy's order,
// and the return codes: 2 first, which every listing has, because many clients
// look for 127.0.0.2 alone.
func (z *servedZone) reasons(set scoring.CategorySet, categories []scoring.Category) (names []string, codes []byte) {
	codes = []byte{scoring.CodeListed}
	for i, category := range categories {
		if set&z.Categories&(1<<i) != 0 {
			names = append(names, category.Name)
			codes = append(codes, category.Code)
		}
	}
	slices.Sort(codes)
	return names, slices.Compact(codes)
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

// sentence joins the parts of a TXT record and names as many categories as fit:
// "203.0.113.7 listed until 2026-12-22T10:00:00Z (ssh, web), see URL".
func sentence(head string, categories []string, contact string) string {
	if contact != "" {
		contact = ", see " + contact
	}
	room := maxText - len(head) - len(contact)
	return head + parenthesis(categories, room) + contact
}

// parenthesis names categories in at most so many octets: " (ssh, web, +2)".
func parenthesis(categories []string, room int) string {
	for named := len(categories); named > 0; named-- {
		words := categories[:named:named]
		if left := len(categories) - named; left > 0 {
			words = append(words, "+"+strconv.Itoa(left))
		}
		if text := fmt.Sprintf(" (%s)", strings.Join(words, ", ")); len(text) <= room {
			return text
		}
	}
	return ""
}
