package intake

import (
	"encoding/json"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// weight is what the audit tells of an incident: all that counts, and not the
// note.
type weight struct {
	Kind      string    `json:"kind"`
	Points    uint16    `json:"points"`
	Expires   time.Time `json:"expires"`
	Withdrawn bool      `json:"withdrawn"`
	NewNote   bool      `json:"new_note,omitempty"` // the note was replaced
}

// event tells of an amendment for the audit.
func (s scale) event(entry scoring.Entry, amendment scoring.Amendment) *scoring.AuditEvent {
	before, after := entry, entry
	after.Amendment = &amendment
	was, is := s.weight(before), s.weight(after)
	is.NewNote = amendment.Note != nil && (entry.Amendment == nil || entry.Amendment.Note == nil || *entry.Amendment.Note != *amendment.Note)
	action := "amend"
	switch {
	case is.Withdrawn && !was.Withdrawn:
		action = "withdraw"
	case was.Withdrawn && !is.Withdrawn:
		action = "restore"
	}
	actor := control.Actor{Reporter: s.caller.Reporter, KeyID: s.caller.KeyID, Source: s.caller.Source}
	event := actor.Event(action, "incident/"+entry.Prefix.String()+"|"+entry.ID.String())
	event.Reason = amendment.Reason
	// Our own types always encode.
	event.Before, _ = json.Marshal(was)
	event.After, _ = json.Marshal(is)
	return &event
}

// weight tells how an entry counts.
func (s scale) weight(entry scoring.Entry) weight {
	incident, counts := entry.Effective()
	kind, _ := s.policy.KindNumbered(incident.Kind)
	return weight{Kind: kind.Name, Points: incident.Points, Expires: incident.Expires.UTC(), Withdrawn: !counts}
}
