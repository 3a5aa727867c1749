package main

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"

	"penaltybox/scoring"
)

// ownAddresses knows the addresses of this host's interfaces: a misread log
// must not list the server itself.
type ownAddresses struct {
	prefixes atomic.Pointer[map[netip.Prefix]bool]
	public   netip.Addr // as others reach it; invalid: not known
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
	if o.public.IsValid() {
		own[scoring.PrefixOf(o.public)] = true
	}
	o.prefixes.Store(&own)
	return nil
}

// all returns the addresses by what is scored.
func (o *ownAddresses) all() []netip.Addr {
	var all []netip.Addr
	if own := o.prefixes.Load(); own != nil {
		for prefix := range *own {
			all = append(all, prefix.Addr())
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// publicAddress returns the address that a URL names by number, if it does.
func publicAddress(text string) netip.Addr {
	base, err := url.Parse(text)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(base.Hostname())
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// within tells whether one of this host's own addresses lies within a scored
// prefix.
func (o *ownAddresses) within(prefix netip.Prefix) bool {
	own := o.prefixes.Load()
	if own == nil {
		return false
	}
	for address := range *own {
		if prefix.Overlaps(address) {
			return true
		}
	}
	return false
}
