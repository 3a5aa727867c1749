package intake

import (
	"net/netip"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Report is what a reporter sent about one address, as text; empty means not
// given.
type Report struct {
	IP       string // IPv4 or IPv6 address; or a range, see [scoring.ParseReported]
	Kind     string // ssh.maxauth; or a category, which means its first kind
	Category string // ssh; may stand beside Kind
	Points   string // 1..65535; empty: the kind's
	Note     string // free text
	Observed string // RFC 3339 or Unix seconds; empty: now
	TTL      string // "3s", "30d"; empty: the kind's
	Expires  string // RFC 3339 or Unix seconds; instead of TTL
	ID       string // the reporter's own name of the event
	Service  string // whose log one of our own readers found it in; not kept
}

// Caller is who reports.
type Caller struct {
	control.Identity
	Source netip.Addr // where the request came from; its own prefix is never recorded
	// Force takes what looks like our own list all the same, from who may count
	// by hand.
	Force bool
}

// Status is what became of a report.
type Status string

// The statuses of a [Result].
const (
	Recorded    Status = "recorded"    // durable
	Duplicate   Status = "duplicate"   // already recorded; no effect
	Ignored     Status = "ignored"     // nothing to record; Result.Ignored says why
	Refused     Status = "refused"     // Result.Refusal says why
	Unavailable Status = "unavailable" // not stored; safe to send again
)

// Result answers one report.
type Result struct {
	Status   Status
	Incident scoring.Incident // as far as the report could be read
	Ignored  string           // why nothing was recorded
	Refusal  *Refusal
	Visible  bool  // this node's scoreboard has it
	Cause    error // why it is unavailable: for the operator, not for the reporter

	name  string // the id as its reporter knows it
	named bool   // by its reporter
}

// Code sorts refusals for fronts that answer with a number.
type Code uint8

// The codes of a [Refusal].
const (
	Invalid   Code = iota // the report is wrong as it stands
	Forbidden             // right, but not with this key
	Conflict              // the id is in use with other content
	TooMany               // the address has all the incidents it may have
	NotFound              // no such incident
	OverQuota             // right, but too much; Refusal.Retry says when again
	Protected             // right, but the address is protected
)

// Refusal says which field was wrong, what stood there, why, and what to do.
type Refusal struct {
	Code    Code
	Field   string
	Value   string
	Problem string
	Hint    string
	// Retry is how long the reporter is asked to wait, of [OverQuota].
	Retry time.Duration
	// Guard is the setting of the policy, or "paused", that refused a right report.
	Guard string
}

// Error returns the refusal in one line.
func (r *Refusal) Error() string {
	text := r.Field
	if r.Value != "" {
		text += " " + quote(r.Value)
	}
	text += ": " + r.Problem
	if r.Hint != "" {
		text += "; " + r.Hint
	}
	return text
}

// maxFuture is how far ahead of the ledger's time an observation may lie.
const maxFuture = 5 * time.Minute
