package control

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"

	"penaltybox/scoring"
)

// Bounds of what somebody may write, in bytes.
const (
	maxRemovalMessage = 2000
	maxRemovalContact = 200
	maxRemovalReason  = 200
)

// RemovalRequest is what somebody asks for.
type RemovalRequest struct {
	Addr netip.Addr
	// By is the moderator who asks in the address's stead; empty: it asks
	// itself.
	By               string
	Message, Contact string
	// Held says why the policy may not grant it by itself; empty: it may.
	Held string
}

// Validate tells what is wrong with a request.
func (r RemovalRequest) Validate() error {
	switch {
	case len(r.Message) > maxRemovalMessage:
		return fmt.Errorf("message: %d bytes; at most %d", len(r.Message), maxRemovalMessage)
	case len(r.Contact) > maxRemovalContact:
		return fmt.Errorf("contact: %d bytes; at most %d", len(r.Contact), maxRemovalContact)
	}
	return nil
}

// AskRemoval takes a request for removal. It returns the token with which its
// sender may ask from elsewhere what became of it; only its hash is kept. A
// request that the policy grants by itself is carried out before AskRemoval
// returns. [RemovalHeld] tells of an earlier one that stands in the way.
func (r *Registrar) AskRemoval(ctx context.Context, now time.Time, policy scoring.Policy, request RemovalRequest) (Removal, string, error) {
	if err := request.Validate(); err != nil {
		return Removal{}, "", err
	}
	note := RemovalNote{Message: cleanText(request.Message), Contact: cleanLine(request.Contact)}
	now = now.UTC().Truncate(time.Second)
	token := keyText.EncodeToString(random(20))
	hash := sha256.Sum256([]byte(token))
	asked := Removal{
		ID: keyText.EncodeToString(random(5)), Prefix: scoring.PrefixOf(request.Addr), Addr: request.Addr.Unmap().WithZone(""),
		State: RemovalOpen, Asked: now, By: request.By, Token: hash[:],
	}
	err := r.change(ctx, removalRecords+asked.Prefix.String(), func() (any, error) {
		asked.Held = request.Held
		if err := r.mayAsk(now, asked.Prefix, &asked.Held); err != nil {
			return nil, err
		}
		if asked.Held == "" {
			asked.decide(now, RemovalGranting, RemovalByPolicy, "the policy grants removal to whom asks", policy)
		}
		return asked, nil
	})
	if err != nil {
		return Removal{}, "", err
	}
	if note.Message != "" || note.Contact != "" {
		note.ID, note.Prefix = asked.ID, asked.Prefix
		if err := r.change(ctx, private(removalRecords+asked.Prefix.String()), func() (any, error) { return note, nil }); err != nil {
			return Removal{}, "", err
		}
	}
	if asked.State == RemovalGranting {
		asked, err = r.carryOut(ctx, now, asked)
	}
	return asked, token, err
}

// mayAsk refuses a request that an earlier one stands in the way of, or for
// which there is no room. It adds to held why the policy may not grant it.
func (r *Registrar) mayAsk(now time.Time, prefix netip.Prefix, held *string) error {
	earlier, known := r.book.Removal(prefix)
	open, all := r.book.countRemovals(now)
	switch {
	case known && (earlier.Open(now) || earlier.State == RemovalGranting):
		return &RemovalHeld{Removal: earlier, Until: earlier.Lapses()}
	case known && earlier.State == RemovalDenied && earlier.Cooling(now):
		return &RemovalHeld{Removal: earlier, Until: earlier.Cooldown}
	case open >= removalsOpen || !known && all >= removalsKept:
		return fmt.Errorf("%w: too many requests for removal wait for a moderator", scoring.ErrUnavailable)
	case known && earlier.granted() && earlier.Cooling(now) && *held == "":
		*held = fmt.Sprintf("it was taken off at %s and is listed again; until %s only a moderator takes it off again",
			earlier.Decided.Format(time.RFC3339), earlier.Cooldown.Format(time.RFC3339))
	}
	return nil
}

// decide writes a decision into a request.
func (r *Removal) decide(now time.Time, state RemovalState, by, reason string, policy scoring.Policy) {
	r.State, r.Decided, r.DecidedBy, r.Reason = state, now, by, reason
	r.Cooldown = now.Add(time.Duration(policy.RemovalCooldown))
}

// DecideRemoval grants or denies an open request, once: of two moderators who
// decide at a time one gets a [RemovalDecided]. When it returns, a granted
// address is off everywhere that this node feeds.
func (r *Registrar) DecideRemoval(ctx context.Context, now time.Time, policy scoring.Policy, id string, grant bool, by, reason string) (Removal, error) {
	if reason = cleanLine(reason); reason == "" || len(reason) > maxRemovalReason {
		return Removal{}, fmt.Errorf("reason: want 1 to %d bytes, for those who ask later", maxRemovalReason)
	}
	asked, known := r.book.RemovalNamed(id)
	if !known {
		return Removal{}, fmt.Errorf("removal %q: %w", id, scoring.ErrNotFound)
	}
	now = now.UTC().Truncate(time.Second)
	state := RemovalDenied
	if grant {
		state = RemovalGranting
	}
	err := r.change(ctx, removalRecords+asked.Prefix.String(), func() (any, error) {
		var known bool
		switch asked, known = r.book.RemovalNamed(id); {
		case !known || asked.State == RemovalOpen && !asked.Open(now):
			return nil, fmt.Errorf("removal %q: %w", id, scoring.ErrNotFound)
		case asked.State != RemovalOpen:
			return nil, &RemovalDecided{asked}
		}
		asked.decide(now, state, by, reason, policy)
		return asked, nil
	})
	if err != nil || !grant {
		return asked, err
	}
	return r.carryOut(ctx, now, asked)
}
