package dnsbl

import (
	"net/netip"

	"penaltybox/scoring"
)

var testRange = netip.MustParsePrefix("127.0.0.0/24")

// testEntry tells whether an address is a test entry of the zone, and with
// which categories it is listed. 127.0.0.2 always is (RFC 5782 §5), and for
// each code 127.0.0.N that the zone can answer so is the address 127.0.0.N,
// that clients can check what they make of it. 127.0.0.1 never is. The mapped
// forms ::ffff:7f00:2 and so on were unmapped on the way here.
func (z *servedZone) testEntry(addr netip.Addr, categories []scoring.Category) (scoring.CategorySet, bool) {
	if !testRange.Contains(addr) {
		return 0, false
	}
	last := addr.As4()[3]
	if last == scoring.CodeListed {
		return 0, true
	}
	var set scoring.CategorySet
	for i, category := range categories {
		if bit := scoring.CategorySet(1) << i; z.Codes.Of(category) == last {
			set |= bit & z.Categories
		}
	}
	return set, set != 0
}
