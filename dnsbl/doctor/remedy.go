package doctor

import "fmt"

// What to do about what was found.
const (
	remedyProhibited = "the list is for some clients: add this one to allow= in --zone, or put its access key into the name (KEY.ZONE)"
	remedyNotReady   = "it is starting, or waits for its ledger: see its log and /readyz; clients take SERVFAIL for 'not listed'"
	remedyStale      = "its ledger is out of reach: see its log and penaltybox_ledger_lag_seconds"
	remedyCut        = "a server must answer names between addresses with 'no data', not NXDOMAIN (RFC 8020): Penaltybox does; is another server (rbldnsd?) or a filter in between?"
)

// remedyRebind is for resolvers that take 127.0.0.x for an attack.
func remedyRebind(zone string) string {
	return fmt.Sprintf("it guards against DNS rebinding. unbound: private-domain: %q; dnsmasq: rebind-domain-ok=/%s/; "+
		"BIND: deny-answer-addresses { … } except-from { %q; }; Knot Resolver: unload its module rebinding; "+
		"systemd-resolved and home routers: ask a resolver of your own", zone, zone, zone)
}

// remedyDelegation is for a zone that nobody finds.
func remedyDelegation(zone string) string {
	return fmt.Sprintf("add NS records for %s, and the addresses of name servers within it, to the zone above (deploy/dns.md), "+
		"or tell this resolver where the list is (unbound: stub-zone, dnsmasq: server=/%s/ADDRESS#PORT, BIND: a static-stub zone)", zone, zone)
}

// remedyUnreached is for a resolver that cannot reach what we can.
func remedyUnreached(zone string) string {
	return fmt.Sprintf("the way from the resolver to the servers of %s is closed, or they refuse it (allow=): a firewall, a wrong address in the delegation or stub-zone, "+
		"unbound's do-not-query-localhost: yes for a server on 127.0.0.1, or a public resolver that the list does not let in", zone)
}

// remedyLame is for a delegation to servers that do not serve.
func remedyLame(zone string) string {
	return fmt.Sprintf("the delegation of %s leads to servers that do not answer for it: compare its NS records and their addresses with where `penaltybox serve` listens (port 53, UDP and TCP)", zone)
}
