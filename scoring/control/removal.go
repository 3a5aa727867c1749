package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// RemovalState is how far a request for removal got.
type RemovalState string

// The states of a removal.
const (
	RemovalOpen     RemovalState = "open"     // a moderator is to decide
	RemovalGranting RemovalState = "granting" // granted; what the address has is being voided
	RemovalGranted  RemovalState = "granted"
	RemovalDenied   RemovalState = "denied"
)

// Removal is a request to take one address off, and what became of it. There
// is at most one for each scored prefix: a newer one takes the place of one
// that was decided. What its sender wrote is not here but in a [RemovalNote].
type Removal struct {
	ID     string       `json:"id"`
	Prefix netip.Prefix `json:"prefix"` // what is scored
	Addr   netip.Addr   `json:"addr"`   // the address that asked, or that was asked for
	State  RemovalState `json:"state"`
	Asked  time.Time    `json:"asked"`
	// By is the moderator who asked in the address's stead; empty: it asked
	// itself.
	By string `json:"by,omitempty"`
	// Held says why the policy did not grant the request by itself.
	Held string `json:"held,omitempty"`
	// Token is the SHA-256 of what its sender may ask with from elsewhere.
	Token []byte `json:"token,omitempty"`

	Decided   time.Time `json:"decided,omitzero"`
	DecidedBy string    `json:"decided_by,omitempty"` // a reporter, or RemovalByPolicy
	Reason    string    `json:"reason,omitempty"`
	Cooldown  time.Time `json:"cooldown,omitzero"` // when the next request may be granted by itself, or asked after a denial
}

// RemovalByPolicy stands for a moderator where the policy decided by itself.
const RemovalByPolicy = "policy"

// RemovalNote is what somebody wrote to a request for removal: for moderators
// only, as it may name people. It is erased with the request.
type RemovalNote struct {
	ID      string       `json:"id"` // of the request
	Prefix  netip.Prefix `json:"prefix"`
	Message string       `json:"message,omitempty"`
	Contact string       `json:"contact,omitempty"`
}

const (
	// removalsOpen is how many requests may wait for a moderator, and
	// removalsKept how many there may be in all.
	removalsOpen = 1000
	removalsKept = 10_000
	// removalLapses is how long a request waits before it lapses.
	removalLapses = 30 * 24 * time.Hour
)

// Open tells whether the request waits for a moderator at a moment.
func (r Removal) Open(now time.Time) bool {
	return r.State == RemovalOpen && now.Before(r.Asked.Add(removalLapses))
}

// Lapses returns when an open request ends without a decision.
func (r Removal) Lapses() time.Time { return r.Asked.Add(removalLapses) }

// granted tells whether the request was granted, carried out or not.
func (r Removal) granted() bool { return r.State == RemovalGranted || r.State == RemovalGranting }

// Cooling tells whether the cool-down after a decision lasts.
func (r Removal) Cooling(now time.Time) bool {
	return r.State != RemovalOpen && now.Before(r.Cooldown)
}

// Knows tells whether a token is the one that its sender was given.
func (r Removal) Knows(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return len(r.Token) == len(hash) && subtle.ConstantTimeCompare(r.Token, hash[:]) == 1
}

// needed tells whether the record still says something. A granted request is
// kept for as long as an event before it could count, so that a log read late
// does not bring back what was removed.
func (r Removal) needed(now time.Time) bool {
	switch r.State {
	case RemovalOpen:
		return r.Open(now)
	case RemovalDenied:
		return r.Cooling(now)
	case RemovalGranted:
		return now.Before(r.Decided.Add(scoring.MaxTTL))
	}
	return true // being granted, or a newer version's
}

// RemovalHeld says why a request for removal is not taken now.
type RemovalHeld struct {
	Removal Removal // the request that stands in the way
	Until   time.Time
}

// Error implements error.
func (h *RemovalHeld) Error() string {
	if h.Removal.State == RemovalDenied {
		return fmt.Sprintf("removal of %s was denied at %s; ask again from %s on", h.Removal.Prefix,
			h.Removal.Decided.Format(time.RFC3339), h.Until.Format(time.RFC3339))
	}
	return fmt.Sprintf("removal of %s was asked for at %s and is not decided yet", h.Removal.Prefix, h.Removal.Asked.Format(time.RFC3339))
}

// Is makes a held request a conflict.
func (h *RemovalHeld) Is(target error) bool { return target == scoring.ErrConflict }

// RemovalDecided says that somebody decided already.
type RemovalDecided struct{ Removal Removal }

// Error implements error.
func (d *RemovalDecided) Error() string {
	return fmt.Sprintf("removal %s of %s is %s already, by %s at %s", d.Removal.ID, d.Removal.Prefix, d.Removal.State,
		d.Removal.DecidedBy, d.Removal.Decided.Format(time.RFC3339))
}

// Is makes a second decision a conflict.
func (d *RemovalDecided) Is(target error) bool { return target == scoring.ErrConflict }
