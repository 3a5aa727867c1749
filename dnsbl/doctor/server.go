package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// serverView is what a server says that does what it should.
type serverView struct {
	nameservers []string
	positive    time.Duration // TTL of the test entry
	negative    time.Duration // TTL of a denial
	denies      bool          // NXDOMAIN for partial names
	lists       bool          // the address known to be listed
}

// examineServer asks a server directly. It returns nil when what it says of the
// zone is of no use.
func (e *examination) examineServer(ctx context.Context, server endpoint) *serverView {
	soa, err := e.ask(ctx, server, e.zone, dns.TypeSOA)
	if err != nil {
		e.unreachable(ctx, server, err)
		return nil
	}
	if !e.serves(server, soa) {
		return nil
	}
	e.find(OK, server, "serves "+bare(e.apex), "")
	if _, err := e.askOver(ctx, "tcp", server, e.zone, dns.TypeSOA); err != nil {
		e.find(Problem, server, "answers over UDP, but not over TCP: "+reason(err),
			"let TCP in on the same port: long answers, and clients beyond the rate limit, need it")
	}
	view := &serverView{}
	if ns, err := e.ask(ctx, server, e.apex, dns.TypeNS); err == nil {
		view.nameservers = targets(ns)
	}
	if !e.serverTestEntries(ctx, server, view) {
		return nil
	}
	e.serverPartialNames(ctx, server, view)
	e.serverListings(ctx, server, view)
	return view
}

// unreachable says why a server does not answer.
func (e *examination) unreachable(ctx context.Context, server endpoint, err error) {
	_, tcp := e.askOver(ctx, "tcp", server, e.zone, dns.TypeSOA)
	port := server.addr.Port()
	switch {
	case tcp == nil:
		e.find(Problem, server, "answers over TCP, but not over UDP: "+reason(err), fmt.Sprintf("let UDP in on port %d", port))
	case isClosed(err) || isClosed(tcp):
		hint := "is `penaltybox serve` running there, and is its --dns-listen this very address and port?"
		if port != dnsPort && port != 8053 {
			hint += " its usual port is 8053; name servers answer on 53"
		}
		e.find(Problem, server, fmt.Sprintf("nothing listens on port %d", port), hint)
	case isTimeout(err):
		e.find(Problem, server, fmt.Sprintf("no answer within %s, over UDP or TCP", e.Timeout),
			fmt.Sprintf("a firewall on the way drops port %d, or the address is wrong", port))
	default:
		e.find(Problem, server, "cannot be asked: "+reason(err), "what answers there may be no name server")
	}
}

// serves tells whether the answer to a query for the SOA comes from a server of
// the zone, and says why not. It learns the zone's own name.
func (e *examination) serves(server endpoint, reply *dns.Msg) bool {
	switch {
	case reply.RecursionAvailable:
		e.find(Problem, server, "a resolver answers there, not the list's server",
			"another program holds the port (systemd-resolved, unbound, dnsmasq?): ask the list's server by its own address and port")
	case reply.Rcode == dns.RcodeRefused && says(reply, dns.ExtendedErrorCodeNotAuthoritative):
		e.find(Problem, server, "does not serve "+bare(e.zone), "is that the list's name? give it with --zone; what a server serves stands in its own --zone")
	case reply.Rcode == dns.RcodeRefused && says(reply, dns.ExtendedErrorCodeProhibited):
		e.find(Problem, server, "refuses this client", remedyProhibited)
	case reply.Authoritative && e.learnApex(reply):
		return true
	default:
		e.find(Problem, server, "answers, but not as the server of "+bare(e.zone)+": "+describe(reply), "another name server listens there, or the zone is not the one it serves")
	}
	return false
}

// serverTestEntries asks for the test entries, and whether everything is listed.
func (e *examination) serverTestEntries(ctx context.Context, server endpoint, view *serverView) bool {
	for _, name := range []string{e.nameOf(testListed), e.mappedName(testListed)} {
		reply, err := e.ask(ctx, server, name, dns.TypeA)
		switch {
		case err != nil:
			e.find(Problem, server, "stopped answering: "+reason(err), "ask again; it may be starting or overloaded")
			return false
		case reply.Rcode == dns.RcodeRefused:
			e.find(Problem, server, "refuses this client's queries: "+describe(reply), remedyProhibited)
			return false
		case !listed(reply):
			e.find(Problem, server, "does not list the test entry 127.0.0.2, as "+bare(name)+": "+describe(reply),
				"it is no Penaltybox, or one that does not serve this zone")
			return false
		}
		view.positive = ttlOf(reply.Answer)
	}
	for _, name := range []string{e.nameOf(testUnlisted), e.mappedName(testUnlisted), noSuchLabel + "." + e.zone} {
		reply, err := e.ask(ctx, server, name, dns.TypeA)
		if err != nil {
			continue
		}
		if len(codes(reply)) > 0 {
			e.find(Problem, server, "lists "+bare(name)+", which must not be", "it lists everything: no client can use it so")
			return false
		}
		view.negative = ttlOf(reply.Ns)
	}
	e.find(OK, server, "lists the test entry 127.0.0.2 and not 127.0.0.1, as IPv4 and as IPv6", "")
	return true
}

// noSuchLabel is in no list.
const noSuchLabel = "no-such-name"

// serverPartialNames asks for names that are part of addresses' names.
func (e *examination) serverPartialNames(ctx context.Context, server endpoint, view *serverView) {
	for _, name := range e.partialNames() {
		reply, err := e.ask(ctx, server, name, dns.TypeA)
		if err == nil && reply.Rcode == dns.RcodeNameError {
			view.denies = true
			e.find(Problem, server, "denies "+bare(name)+", below which there are listings", remedyCut)
			return
		}
	}
	e.find(OK, server, "does not deny names that are part of addresses' names", "")
}

func (e *examination) partialNames() []string {
	return []string{"0.0.127." + e.zone, "127." + e.zone, "f.f.f.f.0.0.0.0." + e.zone}
}

// serverListings asks for what depends on the listings.
func (e *examination) serverListings(ctx context.Context, server endpoint, view *serverView) {
	address := netip.AddrFrom4([4]byte{192, 0, 2, 1})
	if e.Listed.IsValid() {
		address = e.Listed
	}
	reply, err := e.ask(ctx, server, e.nameOf(address), dns.TypeA)
	if err != nil {
		e.find(Problem, server, "stopped answering: "+reason(err), "ask again; it may be starting or overloaded")
		return
	}
	view.lists = listed(reply)
	switch {
	case reply.Rcode == dns.RcodeServerFailure && says(reply, dns.ExtendedErrorCodeNotReady):
		e.find(Problem, server, "is not ready: its listings are not loaded", remedyNotReady)
	case reply.Rcode == dns.RcodeServerFailure:
		e.find(Problem, server, "cannot tell what is listed: "+describe(reply), remedyStale)
	case says(reply, dns.ExtendedErrorCodeStaleAnswer, dns.ExtendedErrorCodeStaleNXDOMAINAnswer):
		e.find(Problem, server, "serves old listings: it cannot follow its ledger", remedyStale)
	case e.Listed.IsValid() && !view.lists:
		e.find(Problem, server, fmt.Sprintf("does not list %s, which the API lists: %s", address, describe(reply)),
			"is this another server or zone than the API's? `penaltybox explain "+address.String()+"` tells what that answers")
	case e.Listed.IsValid():
		e.find(OK, server, fmt.Sprintf("lists %s", address), "")
	}
}

// targets returns the names of a reply's NS records, sorted.
func targets(reply *dns.Msg) []string {
	var names []string
	for _, record := range slices.Concat(reply.Answer, reply.Ns) {
		if ns, is := record.(*dns.NS); is {
			names = append(names, dns.CanonicalName(ns.Ns))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ttlOf returns the TTL of the first record; 0: there is none.
func ttlOf(records []dns.RR) time.Duration {
	if len(records) == 0 {
		return 0
	}
	return time.Duration(records[0].Header().Ttl) * time.Second
}

// reason writes why an exchange failed, without the addresses that are told
// anyway.
func reason(err error) string {
	switch {
	case isClosed(err):
		return "nothing listens there"
	case isTimeout(err):
		return "no answer in time"
	}
	text := err.Error()
	return strings.TrimSpace(text[strings.LastIndex(text, ": ")+1:])
}
