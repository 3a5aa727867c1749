package event

import (
	"net/netip"

	"penaltybox/parsers/logline"
)

// Setting is what a recogniser is told about the log that it reads.
type Setting struct {
	// Clock reads the log's times.
	Clock logline.Clock
	// Tier is the softest that is wanted; recognisers may save themselves the
	// work for softer ones. Zero: all.
	Tier Tier
	// Proxies are the operator's own: what a line calls the client is then the
	// proxy, and the client stands in a header that the proxy wrote.
	Proxies []netip.Prefix
	// Traps are user names, mailboxes and paths (beginning with a slash) that
	// are published nowhere: whoever uses one was not told it.
	Traps []string
}

// Wants tells whether events of a tier are wanted.
func (s Setting) Wants(tier Tier) bool { return s.Tier == 0 || tier <= s.Tier }

// IsProxy tells whether an address is one of the operator's proxies.
func (s Setting) IsProxy(addr netip.Addr) bool {
	for _, proxy := range s.Proxies {
		if proxy.Contains(addr) {
			return true
		}
	}
	return false
}
