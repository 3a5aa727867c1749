package doctor

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

// SystemResolvers reads the resolvers that programs on this machine ask, from a
// file such as /etc/resolv.conf.
func SystemResolvers(file string) ([]netip.AddrPort, error) {
	config, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the system's resolvers: %w", err)
	}
	var resolvers []netip.AddrPort
	for _, server := range config.Servers {
		addr, err := netip.ParseAddr(server)
		if err != nil {
			return nil, fmt.Errorf("reading the system's resolvers: %s: nameserver %q: %w", file, server, err)
		}
		resolvers = append(resolvers, netip.AddrPortFrom(addr, dnsPort))
	}
	if len(resolvers) == 0 {
		return nil, fmt.Errorf("reading the system's resolvers: %w", errors.New(file+" names none"))
	}
	return resolvers, nil
}
