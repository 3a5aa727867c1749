package main

import (
	"net"
	"net/netip"
	"sync/atomic"

	"penaltybox/scoring"
)

// ownAddresses knows the addresses of this host's interfaces: a misread log
// must not list the server itself.
type ownAddresses struct {
	prefixes atomic.Pointer[map[netip.Prefix]bool]
}

// refresh reads the interfaces. On an error the old addresses stay.
func (o *ownAddresses) refresh() error {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	own := make(map[netip.Prefix]bool, len(addrs))
	for _, addr := range addrs {
		if prefix, err := netip.ParsePrefix(addr.String()); err == nil {
			own[scoring.PrefixOf(prefix.Addr())] = true
		}
	}
	o.prefixes.Store(&own)
	return nil
}

// has tells whether an address is scored under one of this host's own.
func (o *ownAddresses) has(addr netip.Addr) bool {
	own := o.prefixes.Load()
	return own != nil && (*own)[scoring.PrefixOf(addr)]
}
