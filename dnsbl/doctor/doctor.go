// Package doctor finds out why a blocklist's DNS does not do what it should,
// from where its clients stand, and says what to do about it.
//
// The idea. Every list has entries whose answers are known beforehand: 127.0.0.2
// is always listed and 127.0.0.1 never (RFC 5782 §5). [Examine] asks for them,
// and for what must exist beside them, at the zone's server directly and through
// the resolvers that clients use. Where the two differ, the resolver or the way
// to the server is at fault; how they differ tells which fault it is. Each
// observation becomes a [Finding]: where, what, and the remedy.
//
// Nothing here needs a key, and nothing is changed.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// DefaultTimeout bounds the wait for one answer.
const DefaultTimeout = 3 * time.Second

// dnsPort is where name servers answer that a delegation names.
const dnsPort = 53

// Config says what to examine. Zone is required, and Server or Resolvers.
type Config struct {
	// Zone is the list's name; in a zone with access keys, with a key in
	// front.
	Zone string
	// Server is asked directly; invalid: the zone's name servers, as the
	// first resolver knows them.
	Server netip.AddrPort
	// Resolvers are asked as clients would.
	Resolvers []netip.AddrPort
	// Listed is an address known to be listed; invalid: the test entries do.
	Listed netip.Addr
	// Timeout bounds the wait for one answer; 0: [DefaultTimeout].
	Timeout time.Duration
}

// Level is how bad a finding is.
type Level string

const (
	OK      Level = "ok"      // as it should be
	Note    Level = "note"    // worth knowing
	Problem Level = "problem" // wants a remedy
)

// Finding is one observation.
type Finding struct {
	Level Level  `json:"level"`
	Where string `json:"where"` // such as "server 203.0.113.53:53"
	What  string `json:"what"`
	Hint  string `json:"hint,omitempty"` // the remedy
}

// Examine examines a list. Findings come in the order in which they were made;
// if one of them is a [Problem], the list does not do what it should for clients
// here. The error tells faults of the configuration only.
func Examine(ctx context.Context, config Config) ([]Finding, error) {
	zone := dns.CanonicalName(config.Zone)
	if _, ok := dns.IsDomainName(zone); !ok || zone == "." {
		return nil, fmt.Errorf("zone %q: want a name such as bl.example.org", config.Zone)
	}
	if !config.Server.IsValid() && len(config.Resolvers) == 0 {
		return nil, errors.New("neither a server nor a resolver to ask")
	}
	e := &examination{Config: config, zone: zone, apex: zone, delegated: dnsPort}
	if e.Timeout <= 0 {
		e.Timeout = DefaultTimeout
	}
	e.run(ctx)
	return e.findings, nil
}

// examination is one run of Examine.
type examination struct {
	Config
	zone      string // canonical
	apex      string // the zone's own name, without access key
	delegated uint16 // port of the name servers of a delegation
	findings  []Finding
}

// find notes a finding.
func (e *examination) find(level Level, where endpoint, what, hint string) {
	finding := Finding{level, where.String(), what, hint}
	if !slices.Contains(e.findings, finding) {
		e.findings = append(e.findings, finding)
	}
}

// run asks the servers first: what they say is what resolvers are measured by.
func (e *examination) run(ctx context.Context) {
	var healthy *serverView
	for _, server := range e.servers(ctx) {
		if view := e.examineServer(ctx, server); view != nil && healthy == nil {
			healthy = view
		}
	}
	for _, addr := range e.Resolvers {
		e.examineResolver(ctx, endpoint{"resolver", addr}, healthy)
	}
}

// servers returns the servers to ask directly: the one given, or those that the
// first resolver finds for the zone.
func (e *examination) servers(ctx context.Context) []endpoint {
	if e.Server.IsValid() {
		return []endpoint{{"server", e.Server}}
	}
	var found []endpoint
	resolver := endpoint{"resolver", e.Resolvers[0]}
	for _, name := range e.nameservers(ctx, resolver) {
		addrs := e.addresses(ctx, resolver, name)
		if len(addrs) == 0 {
			e.find(Problem, resolver, fmt.Sprintf("the name server %s has no address", bare(name)),
				"give it one: ns="+bare(name)+"@ADDRESS in --zone if its name lies in the list's zone, and in the zone above")
		}
		for _, addr := range addrs {
			found = append(found, endpoint{"server", netip.AddrPortFrom(addr, e.delegated)})
		}
	}
	return found
}

// bare writes a name without its final dot.
func bare(name string) string { return strings.TrimSuffix(name, ".") }
