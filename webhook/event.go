package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Event is one thing that happened. What does not belong to its sort is left
// out. Notes of incidents, and what people wrote to requests, are never told.
type Event struct {
	ID    string               `json:"id"`
	Event control.WebhookEvent `json:"event"`
	Time  time.Time            `json:"time"` // UTC, whole seconds
	// Of listed and delisted.
	Zone       string       `json:"zone,omitempty"`
	Prefix     netip.Prefix `json:"prefix,omitzero"` // also of removal_requested
	Codes      []string     `json:"codes,omitempty"` // what DNS answers
	Categories []string     `json:"categories,omitempty"`
	Score      int          `json:"score,omitempty"`
	Until      time.Time    `json:"until,omitzero"` // also of key_paused
	Reason     string       `json:"reason,omitempty"`
	// Of removal_requested.
	Removal string `json:"removal,omitempty"`
	State   string `json:"state,omitempty"`
	// Of key_paused.
	Key      string `json:"key,omitempty"`
	Reporter string `json:"reporter,omitempty"`
}

// named gives an event its id, which is the same whichever node tells it.
func named(e Event, of ...string) Event {
	e.Time = e.Time.UTC().Truncate(time.Second)
	parts := append([]string{string(e.Event), e.Zone, e.Prefix.String(), e.Time.Format(time.RFC3339)}, of...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	e.ID = "evt_" + hex.EncodeToString(sum[:12])
	return e
}

// listing tells a change of a zone's verdict, or false if it is none that is
// told: a listing that becomes longer.
func (z Zone) listing(change scoring.Change, policy scoring.Policy) (Event, bool) {
	e := Event{Time: change.At, Zone: z.Name, Prefix: change.Prefix}
	verdict := change.New
	switch {
	case change.New.Listed && !change.Old.Listed:
		e.Event, e.Score, e.Until = control.EventListed, change.Score, change.New.Until.UTC()
		e.Reason = "reported as " + strings.Join(categoryNames(policy, verdict.Categories), ", ")
	case change.Old.Listed && !change.New.Listed:
		verdict = change.Old
		e.Event, e.Reason = control.EventDelisted, whyDelisted(change)
	default:
		return e, false
	}
	e.Categories = categoryNames(policy, verdict.Categories)
	for _, octet := range z.Codes.Octets(policy.Categories, verdict.Categories) {
		e.Codes = append(e.Codes, fmt.Sprintf("127.0.0.%d", octet))
	}
	return named(e), true
}

func whyDelisted(change scoring.Change) string {
	switch {
	case change.New.Exemption != nil:
		return "exempt: " + change.New.Exemption.Reason
	case !change.Old.Until.After(change.At):
		return "expired"
	}
	return "taken back, or the policy changed"
}

func categoryNames(policy scoring.Policy, set scoring.CategorySet) []string {
	var names []string
	for _, category := range policy.CategoriesIn(set) {
		names = append(names, category.Name)
	}
	return names
}

func removalRequested(r control.Removal) Event {
	return named(Event{
		Event: control.EventRemovalRequested, Time: r.Asked, Prefix: r.Prefix, Removal: r.ID, State: string(r.State), Reason: r.Held,
	}, r.ID)
}

func keyPaused(k control.Key) Event {
	return named(Event{
		Event: control.EventKeyPaused, Time: k.Paused.At, Key: k.ID, Reporter: k.Reporter, Until: k.Paused.Until, Reason: k.Paused.Why,
	}, k.ID)
}
