package dnsbl

import (
	"fmt"
	"net/netip"

	"github.com/gaissmai/bart"
)

// allowList tells which clients may ask a zone. Nil allows all.
type allowList struct{ prefixes bart.Lite }

func newAllowList(prefixes []netip.Prefix) *allowList {
	if len(prefixes) == 0 {
		return nil
	}
	list := &allowList{}
	for _, prefix := range prefixes {
		list.prefixes.Insert(unmapPrefix(prefix))
	}
	return list
}

// has tells whether a client, unmapped, may ask.
func (l *allowList) has(client netip.Addr) bool {
	return l == nil || client.IsValid() && l.prefixes.Contains(client)
}

// unmapPrefix turns ::ffff:192.0.2.0/120 into 192.0.2.0/24.
func unmapPrefix(prefix netip.Prefix) netip.Prefix {
	const mapped = 96
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
	}
	return prefix.Masked()
}

// checkAllow tells what is wrong with a zone's clients.
func (z Zone) checkAllow() error {
	for _, prefix := range z.Allow {
		if !prefix.IsValid() || prefix.Addr().Zone() != "" {
			return fmt.Errorf("allow %q: want a prefix such as 192.0.2.0/24", prefix)
		}
	}
	return nil
}
