package intake

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Change is what an amendment asks for, as text; empty means unchanged.
type Change struct {
	Kind     string
	Points   string
	Expires  string // RFC 3339 or Unix seconds
	TTL      string // from now; instead of Expires
	Note     *string
	Withdraw *bool
	Reason   string
	// Version is the amendment's version that the caller saw (0: never
	// amended); nil: whatever it is.
	Version *uint64
}

// Amend changes an incident, withdraws it or takes a withdrawal back. A
// reporter may amend what it reported; a moderator everything. The refusal is
// nil when the amendment is durable; err is the ledger's, ErrUnavailable most
// of all.
func (in *Intake) Amend(ctx context.Context, now time.Time, caller Caller, key scoring.Key, change Change) (scoring.Entry, *Refusal, error) {
	scale := scale{config: in.config, policy: in.config.Policies.Policy(), now: now, caller: caller}
	entry, ok := in.config.Board.Find(key)
	if !ok || !entry.KeepUntil().After(now) {
		return entry, &Refusal{Code: NotFound, Field: "id", Value: key.ID.String(), Problem: "is no incident of " + named(key.Prefix, key.Prefix.Addr()), Hint: "it may have expired"}, nil
	}
	if refusal := scale.mayAmend(entry); refusal != nil {
		return entry, refusal, nil
	}
	amendment, refusal := scale.amendment(entry, change)
	if refusal != nil {
		return entry, refusal, nil
	}
	amendment.Audit = scale.event(entry, amendment)
	err := in.config.Ledger.Amend(ctx, amendment)
	amendment.Audit = nil
	switch {
	case errors.Is(err, scoring.ErrConflict):
		return entry, &Refusal{Code: Conflict, Field: "version", Problem: "the incident was amended by somebody else at the same time", Hint: "read it again and repeat"}, nil
	case errors.Is(err, scoring.ErrNotFound):
		return entry, &Refusal{Code: NotFound, Field: "id", Value: key.ID.String(), Problem: "is gone", Hint: "it has expired"}, nil
	case err != nil:
		return entry, nil, fmt.Errorf("amending incident %s of %s: %w", key.ID, key.Prefix, err)
	}
	entry.Amendment = &amendment
	return entry, nil, nil
}

// mayAmend lets moderators (with the scope delist) amend everything, and reporters what they reported
// unless somebody else has decided on it: a withdrawal that its reporter could
// take back would be none.
func (s scale) mayAmend(entry scoring.Entry) *Refusal {
	if s.caller.May(control.ScopeDelist) {
		return nil
	}
	if refusal := s.mayReport(); refusal != nil {
		return refusal
	}
	refusal := &Refusal{Code: Forbidden, Field: "id", Value: entry.ID.String(), Hint: "amending it needs a moderator's key, with the scope delist"}
	switch {
	case entry.Reporter != s.caller.Number:
		refusal.Problem = "was reported by somebody else"
	case entry.Amendment != nil && entry.Amendment.By != s.caller.Number:
		refusal.Problem = "was amended by somebody else"
	default:
		return nil
	}
	return refusal
}

func (s scale) amendment(entry scoring.Entry, change Change) (scoring.Amendment, *Refusal) {
	present, counts := entry.Effective()
	amendment := scoring.Amendment{
		Key: entry.Key(), Version: 1, Kind: present.Kind, Points: present.Points, Expires: present.Expires,
		Withdrawn: !counts, Reason: s.scrub(cleanNote(change.Reason)), By: s.caller.Number, At: s.now.UTC().Truncate(time.Second),
	}
	if old := entry.Amendment; old != nil {
		amendment.Version, amendment.Note = old.Version+1, old.Note
	}
	if change.Version != nil && *change.Version != amendment.Version-1 {
		return amendment, &Refusal{
			Code: Conflict, Field: "version", Value: strconv.FormatUint(*change.Version, 10),
			Problem: fmt.Sprintf("is not the present one, %d", amendment.Version-1), Hint: "read the incident again and repeat",
		}
	}
	if refusal := s.amendWeight(&amendment, change); refusal != nil {
		return amendment, refusal
	}
	if change.TTL != "" || change.Expires != "" {
		expires, refusal := s.expiry(s.now.UTC().Truncate(time.Second), Report{TTL: change.TTL, Expires: change.Expires}, scoring.Kind{})
		if refusal != nil {
			return amendment, refusal
		}
		amendment.Expires = expires
	}
	if change.Note != nil {
		note := s.scrub(cleanNote(*change.Note))
		amendment.Note = &note
	}
	if change.Withdraw != nil {
		amendment.Withdrawn = *change.Withdraw
		if *change.Withdraw && amendment.Reason == "" {
			return amendment, &Refusal{Field: "reason", Problem: "is missing", Hint: "say why it is withdrawn, for those who ask later"}
		}
	}
	return amendment, nil
}

// amendWeight takes a new kind and new points. A kind alone brings its own
// points along.
func (s scale) amendWeight(amendment *scoring.Amendment, change Change) *Refusal {
	if change.Kind == "" && change.Points == "" {
		return nil
	}
	kind, known := s.policy.KindNumbered(amendment.Kind)
	if change.Kind != "" || !known {
		var refusal *Refusal
		if kind, refusal = s.kind(Report{Kind: change.Kind}); refusal != nil {
			return refusal
		}
	}
	points, refusal := s.points(Report{Points: change.Points}, kind)
	if refusal != nil {
		return refusal
	}
	amendment.Kind, amendment.Points = kind.Number, points
	return nil
}
