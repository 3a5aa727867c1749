package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// nameservers finds the zone's name servers through a resolver, and says why
// when there are none.
func (e *examination) nameservers(ctx context.Context, resolver endpoint) []string {
	soa, err := e.ask(ctx, resolver, e.zone, dns.TypeSOA)
	if err != nil {
		return nil // which examining the resolver will tell
	}
	e.learnApex(soa)
	ns, err := e.ask(ctx, resolver, e.apex, dns.TypeNS)
	if err != nil || ns.Rcode != dns.RcodeSuccess {
		return nil
	}
	return targets(ns)
}

// learnApex reads the zone's own name from the answer to a query for the SOA: an
// access key may stand in front of it. It tells whether there is one.
func (e *examination) learnApex(reply *dns.Msg) bool {
	soa := soaOf(reply)
	if reply.Rcode != dns.RcodeSuccess || soa == nil || !dns.IsSubDomain(soa.Hdr.Name, e.zone) ||
		dns.CountLabel(e.zone)-dns.CountLabel(soa.Hdr.Name) > 1 {
		return false
	}
	e.apex = dns.CanonicalName(soa.Hdr.Name)
	return true
}

// addresses finds the addresses of a name through a resolver.
func (e *examination) addresses(ctx context.Context, resolver endpoint, name string) []netip.Addr {
	var addrs []netip.Addr
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		reply, err := e.ask(ctx, resolver, name, qtype)
		if err != nil {
			continue
		}
		addrs = append(addrs, codes(reply)...)
		for _, record := range reply.Answer {
			if aaaa, is := record.(*dns.AAAA); is {
				if addr, ok := netip.AddrFromSlice(aaaa.AAAA); ok {
					addrs = append(addrs, addr)
				}
			}
		}
	}
	return addrs
}

// delegation compares the name servers that the zone above names with those
// that the zone names itself (RFC 1034 §4.2.2).
func (e *examination) delegation(ctx context.Context, resolver endpoint, healthy *serverView) {
	if healthy == nil || len(healthy.nameservers) == 0 {
		return
	}
	above, servers := e.above(ctx, resolver)
	if len(servers) == 0 {
		e.find(Note, resolver, "knows the list, but not the zone above it, so the delegation was not looked at", "")
		return
	}
	for _, server := range servers {
		reply, err := e.ask(ctx, server, e.apex, dns.TypeNS)
		if err != nil || reply.Rcode == dns.RcodeRefused {
			continue
		}
		delegated := targets(reply)
		switch {
		case len(delegated) == 0:
			e.find(Note, server, fmt.Sprintf("%s does not delegate %s: this resolver finds it by its own settings, others will not", bare(above), bare(e.apex)), remedyDelegation(bare(e.apex)))
		case !slices.Equal(delegated, healthy.nameservers):
			e.find(Problem, server, fmt.Sprintf("delegates %s to %s, but the list names %s", bare(e.apex), joined(delegated), joined(healthy.nameservers)),
				"make them the same: ns= in --zone, and the NS records in "+bare(above))
		default:
			e.find(OK, server, fmt.Sprintf("delegates %s to %s, as the list says", bare(e.apex), joined(delegated)), "")
		}
		return
	}
}

// above finds the zone above ours and its servers.
func (e *examination) above(ctx context.Context, resolver endpoint) (string, []endpoint) {
	for at, end := dns.NextLabel(e.apex, 0); !end; at, end = dns.NextLabel(e.apex, at) {
		name := e.apex[at:]
		reply, err := e.askOver(ctx, "udp", resolver, name, dns.TypeNS)
		if err != nil {
			return "", nil // a resolver without the world around it
		}
		if len(reply.Answer) == 0 {
			continue
		}
		var servers []endpoint
		for _, target := range targets(reply) {
			for _, addr := range e.addresses(ctx, resolver, target) {
				servers = append(servers, endpoint{"server", netip.AddrPortFrom(addr, e.delegated)})
			}
		}
		return name, servers
	}
	return "", nil
}
