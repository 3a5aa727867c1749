package dnsbl

import "github.com/miekg/dns"

// State is how far the listings can be trusted at the moment.
type State uint8

const (
	// NotReady: the listings were not loaded completely since the start.
	// Answered SERVFAIL with "Not Ready" (RFC 8914 §4.15), because a denial
	// would be believed and cached.
	NotReady State = iota
	// Current: the listings are up to date.
	Current
	// Stale: the ledger is out of reach, but not yet for too long. The last
	// known listings are served, marked "Stale Answer" or "Stale NXDOMAIN
	// Answer" (RFC 8914 §4.4, §4.20).
	Stale
	// TooStale: the ledger is out of reach for longer than the operator
	// allows. Answered SERVFAIL with "Network Error" (RFC 8914 §4.24).
	TooStale
)

// unfit tells whether nothing may be said of listings, and by which extended
// error why. A value that is none of the above is unfit too.
func (s State) unfit() (extended uint16, unfit bool) {
	switch s {
	case Current, Stale:
		return 0, false
	case TooStale:
		return dns.ExtendedErrorCodeNetworkError, true
	default:
		return dns.ExtendedErrorCodeNotReady, true
	}
}

// reason is why an unfit state says nothing.
func (s State) reason() Reason {
	if s == TooStale {
		return ReasonTooStale
	}
	return ReasonNotReady
}
