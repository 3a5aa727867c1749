package protect

import (
	"encoding/binary"
	"errors"

	"penaltybox/scoring"
)

// widestShare is how many IPv4 addresses a list may protect without force, a
// quarter of all: many prefixes that are each narrow enough can be as wide
// together as one that is not.
const widestShare = 1 << 30

var errWidestShare = errors.New("list: all its prefixes together would protect more than a quarter of all IPv4 addresses; force it if you mean that")

// share counts the IPv4 addresses of sorted prefixes, each once.
func share(sorted []scoring.ProtectedPrefix) uint64 {
	var total, next uint64 // next is the first address after all that were counted
	for _, member := range sorted {
		addr := member.Prefix.Addr()
		if !addr.Is4() {
			continue
		}
		octets := addr.As4()
		first := uint64(binary.BigEndian.Uint32(octets[:]))
		if end := first + 1<<(32-member.Prefix.Bits()); end > next {
			total += end - max(first, next)
			next = end
		}
	}
	return total
}
