package intake

import (
	"fmt"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// protection tells what protects an address: why its report has nothing to
// record, or why it is refused. Exemptions come first, because who made one
// knows of the address.
func (s scale) protection(incident scoring.Incident) (ignored string, refusal *Refusal) {
	for _, e := range s.config.Board.ProtectingOf(incident.Prefix, s.now) {
		switch {
		case e.Action == "" && e.Set == "":
			return fmt.Sprintf("exempt: %s (%s)", e.Reason, e.Prefix), nil
		case e.Action == "":
			return fmt.Sprintf("protected by %s: %s (%s)", e.Set, e.Reason, e.Prefix), nil
		case refusal == nil:
			refusal = s.refusedBy(e, incident)
		}
	}
	return "", refusal
}

// refusedBy refuses the report of an address that a set protects, if the set
// wants it so.
func (s scale) refusedBy(e scoring.Exemption, incident scoring.Incident) *Refusal {
	refusal := &Refusal{
		Code: Protected, Field: "ip", Value: named(incident.Prefix, incident.Addr),
		Problem: fmt.Sprintf("is protected by %s: %s (%s)", e.Set, e.Reason, e.Prefix),
	}
	switch {
	case e.Action == scoring.Refuse:
		refusal.Hint = "behind a proxy, make the log show the client's address; an admin may change what the set does"
	case e.Action == scoring.AdminOnly && !s.caller.Role.AtLeast(control.RoleModerator):
		refusal.Hint = "only a moderator's or admin's report of it is taken"
	default:
		return nil
	}
	return refusal
}
