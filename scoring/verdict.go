package scoring

import (
	"net/netip"
	"time"
)

// Verdict says whether one rule lists an address at one moment, and until
// when that answer holds. It is what DNS needs; it is computed from a bounded
// number of incidents, whatever their count.
type Verdict struct {
	Listed     bool
	Until      time.Time    // when the listing ends if nothing more is reported; zero unless listed
	Next       time.Time    // when the answer next changes by itself (codes or listing); zero unless listed
	Categories CategorySet  // of the rule's live incidents; zero unless listed
	Prefix     netip.Prefix // the scored prefix of the address; the range, when only a range lists it
	Range      netip.Prefix // the narrowest range that lists the address, beside itself or alone; zero: none does
	// Exemption is set when the address would be listed but is exempt.
	Exemption *Exemption
}

// Standing is everything the scoreboard knows of one prefix under one rule at
// one moment: for people. Score is exact.
type Standing struct {
	Verdict
	Score int       // points that count under the rule, exemption or not
	Since time.Time // when the incidents that still count first satisfied the rule; zero unless listed

	Organisations    int // of those who reported what counts
	MinOrganisations int // that the rule asks for

	// Ranges are the standings of the ranges around the prefix that hold
	// incidents, the narrowest first, each for itself. Listed, Until, Next,
	// Categories and Since regard them; Score and Organisations do not.
	Ranges []Standing
}

// Listing is one listed prefix of a rule.
type Listing struct {
	Prefix     netip.Prefix
	Score      int
	Reporters  int // distinct reporters of counting incidents
	Categories CategorySet
	Until      time.Time
}

// Exemption is a prefix that is never listed. Prefixes narrower than a scored
// prefix widen to it. Of a listed range, what is exempt within is not listed.
type Exemption struct {
	Prefix  netip.Prefix `json:"prefix"`
	Reason  string       `json:"reason"`
	Expires time.Time    `json:"expires,omitzero"` // zero: never
	By      string       `json:"by,omitempty"`     // who exempted
	At      time.Time    `json:"at,omitzero"`      // when
	// Set names the protected set that it comes from, and Action says what
	// the set does; empty: somebody exempted it by hand.
	Set    string     `json:"set,omitempty"`
	Action Protection `json:"action,omitempty"`
}

// Live tells whether the exemption holds at a moment.
func (e Exemption) Live(now time.Time) bool { return e.Expires.IsZero() || e.Expires.After(now) }

// Change is one entry of the scoreboard's change log: the verdict of one rule
// about one prefix became another. Verdicts that differ only in Until count as
// a change, because streams announce extensions. Old and New may be alike: then
// an incident of a listed prefix ended, or would have ended unless amended, and
// some reader may once have been told that the listing ends with it; it can be
// told anew.
type Change struct {
	Version uint64
	At      time.Time // when the scoreboard noticed; never falls from one version to the next
	Rule    int
	Prefix  netip.Prefix
	Old     Verdict
	New     Verdict
	Score   int // exact score that goes with New; zero unless it lists
}
