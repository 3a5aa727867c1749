package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// examineResolver asks through a resolver, as clients do. healthy is what a
// server says that is as it should be; nil: there is none, or none was asked.
func (e *examination) examineResolver(ctx context.Context, resolver endpoint, healthy *serverView) {
	addresses, err := e.ask(ctx, resolver, e.nameOf(testListed), dns.TypeA)
	if err != nil {
		e.silent(ctx, resolver, err)
		return
	}
	if !listed(addresses) {
		e.missing(ctx, resolver, addresses, healthy)
		return
	}
	e.find(OK, resolver, "lists the test entry 127.0.0.2", "")
	e.lifetime(resolver, "listings", ttlOf(addresses.Answer), healthyTTL(healthy, func(v *serverView) time.Duration { return v.positive }), "cache-min-ttl")
	if !e.invents(ctx, resolver, healthy) {
		return
	}
	if reply, err := e.ask(ctx, resolver, e.mappedName(testListed), dns.TypeA); err == nil && !listed(reply) {
		e.find(Problem, resolver, "does not list the test entry by its IPv6 name: "+describe(reply), remedyCut)
	}
	if reply, err := e.ask(ctx, resolver, e.nameOf(testListed), dns.TypeTXT); err == nil && len(reply.Answer) == 0 {
		e.find(Problem, resolver, "has no TXT record for the test entry: "+describe(reply), "mail servers would reject without a reason; something filters TXT")
	}
	e.throughPartialNames(ctx, resolver)
	e.throughListings(ctx, resolver, healthy)
	e.delegation(ctx, resolver, healthy)
}

func healthyTTL(view *serverView, ttl func(*serverView) time.Duration) time.Duration {
	if view == nil {
		return 0
	}
	return ttl(view)
}

// silent says why a resolver does not answer.
func (e *examination) silent(ctx context.Context, resolver endpoint, err error) {
	switch {
	case isTimeout(err) && e.lives(ctx, resolver):
		e.find(Problem, resolver, fmt.Sprintf("waits in vain for the list's servers, for more than %s", e.Timeout),
			"clients wait as long, for every connection: "+remedyUnreached(bare(e.apex)))
	case isClosed(err):
		e.find(Problem, resolver, "nothing listens there", "/etc/resolv.conf or --resolver names a resolver that does not run")
	case isTimeout(err):
		e.find(Problem, resolver, fmt.Sprintf("no answer within %s", e.Timeout),
			"it is down, or a firewall is on the way")
	default:
		e.find(Problem, resolver, "cannot be asked: "+reason(err), "what answers there may be no resolver")
	}
}

// lives tells whether a resolver answers what it knows by itself (RFC 6761
// §6.3).
func (e *examination) lives(ctx context.Context, resolver endpoint) bool {
	_, err := e.ask(ctx, resolver, "localhost.", dns.TypeA)
	return err == nil
}

// missing says why a resolver does not give the A record of the test entry.
func (e *examination) missing(ctx context.Context, resolver endpoint, reply *dns.Msg, healthy *serverView) {
	text, err := e.ask(ctx, resolver, e.nameOf(testListed), dns.TypeTXT)
	switch {
	case err == nil && len(text.Answer) > 0:
		e.find(Problem, resolver, "removed the answer 127.0.0.2: it gives "+describe(reply)+" for A, but has the TXT record", remedyRebind(bare(e.apex)))
	case says(reply, dns.ExtendedErrorCodeNotReady):
		e.find(Problem, resolver, "is told that the list's server is not ready", remedyNotReady)
	case reply.Rcode == dns.RcodeRefused && e.refusesAll(ctx, resolver):
		e.find(Problem, resolver, "refuses this client whatever it asks", "allow this machine in the resolver's settings, or ask a resolver of its own")
	case says(reply, dns.ExtendedErrorCodeProhibited), reply.Rcode == dns.RcodeRefused:
		e.find(Problem, resolver, "is refused by the list: "+describe(reply), remedyProhibited+"; clients that ask through a public resolver count as that resolver")
	case reply.Rcode == dns.RcodeNameError:
		e.denied(ctx, resolver, reply, healthy)
	case says(reply, dnssecErrors()...):
		e.find(Problem, resolver, "takes the zone for forged: "+describe(reply), "the zone is not signed: remove the DS records from the zone above, or set the resolver's negative trust anchor (unbound: domain-insecure: \""+bare(e.apex)+"\")")
	case reply.Rcode == dns.RcodeServerFailure && healthy != nil:
		e.find(Problem, resolver, "cannot get answers from the list's servers, which answer here: "+describe(reply), remedyUnreached(bare(e.apex)))
	case reply.Rcode == dns.RcodeServerFailure:
		e.find(Problem, resolver, "cannot get answers from the list's servers: "+describe(reply), remedyLame(bare(e.apex)))
	default:
		e.find(Problem, resolver, "does not list the test entry 127.0.0.2: "+describe(reply), remedyRebind(bare(e.apex)))
	}
}

// dnssecErrors are the extended errors of failed validation (RFC 8914 §4.2 to
// §4.13).
func dnssecErrors() []uint16 {
	return []uint16{
		dns.ExtendedErrorCodeDNSSECIndeterminate, dns.ExtendedErrorCodeDNSBogus, dns.ExtendedErrorCodeSignatureExpired,
		dns.ExtendedErrorCodeSignatureNotYetValid, dns.ExtendedErrorCodeDNSKEYMissing, dns.ExtendedErrorCodeRRSIGsMissing,
		dns.ExtendedErrorCodeNoZoneKeyBitSet, dns.ExtendedErrorCodeNSECMissing,
	}
}

// refusesAll tells whether a resolver refuses what has nothing to do with the
// list, too.
func (e *examination) refusesAll(ctx context.Context, resolver endpoint) bool {
	reply, err := e.ask(ctx, resolver, ".", dns.TypeNS)
	return err == nil && reply.Rcode == dns.RcodeRefused
}

// denied says why a resolver denies the test entry: who denied it stands in the
// SOA record that goes with the denial (RFC 2308 §5).
func (e *examination) denied(ctx context.Context, resolver endpoint, reply *dns.Msg, healthy *serverView) {
	soa := soaOf(reply)
	switch {
	case soa == nil || soa.Hdr.Name != "." && !dns.IsSubDomain(soa.Hdr.Name, e.zone):
		e.find(Problem, resolver, "denies the test entry without saying who does", "either nothing delegates "+bare(e.apex)+", or a filter or a local zone of the resolver holds it (unbound denies all of .test and .invalid)")
	case dns.CountLabel(soa.Hdr.Name) < dns.CountLabel(e.apex):
		above := soa.Hdr.Name
		if above != "." {
			above = bare(above)
		}
		e.find(Problem, resolver, fmt.Sprintf("finds no delegation of %s: %s denies it", bare(e.apex), above), remedyDelegation(bare(e.apex)))
	case healthy != nil && healthy.denies, e.throughPartialNames(ctx, resolver):
		e.find(Problem, resolver, "denies what the server lists, because a name above it is denied (NXDOMAIN cut)", remedyCut)
	default:
		e.find(Problem, resolver, fmt.Sprintf("denies the test entry, as it was told by an earlier server; it forgets that in %s", ttlOf(reply.Ns)),
			"wait so long, or flush the zone in the resolver (unbound-control flush_zone "+bare(e.apex)+")")
	}
}

// throughPartialNames asks a resolver for names that are part of addresses'
// names. It tells whether one is denied.
func (e *examination) throughPartialNames(ctx context.Context, resolver endpoint) bool {
	for _, name := range e.partialNames() {
		if reply, err := e.ask(ctx, resolver, name, dns.TypeA); err == nil && reply.Rcode == dns.RcodeNameError {
			e.find(Problem, resolver, "denies "+bare(name)+", below which there are listings", remedyCut)
			return true
		}
	}
	return false
}

// invents tells whether a resolver leaves names denied that do not exist. (Some
// answer them with the address of a search page.)
func (e *examination) invents(ctx context.Context, resolver endpoint, healthy *serverView) (well bool) {
	for _, name := range []string{e.nameOf(testUnlisted), noSuchLabel + "." + e.zone} {
		reply, err := e.ask(ctx, resolver, name, dns.TypeA)
		if err != nil {
			e.silent(ctx, resolver, err)
			return false
		}
		if found := codes(reply); len(found) > 0 {
			e.find(Problem, resolver, fmt.Sprintf("answers %s with %s, which does not exist", bare(name), found[0]),
				"it invents answers for names that do not exist, so that everybody would be listed: use another resolver")
			return false
		}
		e.lifetime(resolver, "denials", ttlOf(reply.Ns), healthyTTL(healthy, func(v *serverView) time.Duration { return v.negative }), "cache-min-negative-ttl")
	}
	e.find(OK, resolver, "does not list 127.0.0.1", "")
	return true
}

// lifetime compares how long a resolver keeps answers with how long it may.
func (e *examination) lifetime(resolver endpoint, what string, kept, allowed time.Duration, setting string) {
	if allowed > 0 && kept > allowed {
		e.find(Problem, resolver, fmt.Sprintf("keeps %s for %s instead of %s", what, kept, allowed),
			"lower its "+setting+": changes of the list reach its clients only after that")
	}
}

// throughListings compares the address known to be listed.
func (e *examination) throughListings(ctx context.Context, resolver endpoint, healthy *serverView) {
	if !e.Listed.IsValid() || healthy != nil && !healthy.lists {
		return
	}
	reply, err := e.ask(ctx, resolver, e.nameOf(e.Listed), dns.TypeA)
	switch {
	case err != nil:
		e.silent(ctx, resolver, err)
	case listed(reply):
		e.find(OK, resolver, fmt.Sprintf("lists %s", e.Listed), "")
	case reply.Rcode == dns.RcodeNameError:
		e.find(Problem, resolver, fmt.Sprintf("does not list %s yet; it forgets the denial in %s", e.Listed, ttlOf(reply.Ns)), "wait so long; denials are kept for the zone's negative-ttl")
	case says(reply, dns.ExtendedErrorCodeNotReady):
		e.find(Problem, resolver, "is told that the list's server is not ready", remedyNotReady)
	default:
		e.find(Problem, resolver, fmt.Sprintf("does not list %s: %s", e.Listed, describe(reply)), remedyUnreached(bare(e.apex)))
	}
}

// joined writes names for people.
func joined(names []string) string {
	written := make([]string, len(names))
	for i, name := range names {
		written[i] = bare(name)
	}
	slices.Sort(written)
	return strings.Join(written, ", ")
}
