package reportapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// amendedIncident answers a PATCH: the incident and how its address stands.
type amendedIncident struct {
	incidentView
	Visible bool       `json:"visible"`
	Zones   []zoneView `json:"zones"`
}

// patchIncident amends an incident, withdraws it, or takes that back.
func (s *server) patchIncident(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	key, err := keyParam(c)
	if err != nil {
		return err
	}
	o, err := s.objectOf(c)
	if err != nil {
		return err
	}
	change, err := readChange(o)
	if err != nil {
		return err
	}
	if err := s.precondition(c.Request.Header, key, &change); err != nil {
		return err
	}
	ctx, now, caller := c.Request.Context(), s.Now(), s.callerOf(c)
	entry, refusal, err := s.Intake.Amend(ctx, now, caller, key, change)
	if refusal != nil {
		if refusal.Code == intake.Conflict && change.Version != nil {
			return staleTag(staleIncident, c.GetHeader("If-Match"))
		}
		return refusal
	}
	if err != nil {
		return err
	}
	views, err := s.viewIncidents(ctx, caller.Identity, []scoring.Entry{entry})
	if err != nil {
		return err
	}
	c.Header("ETag", tagOf(views[0]))
	return ok(c, http.StatusOK, amendedIncident{
		incidentView: views[0],
		Visible:      s.sees(entry),
		Zones:        s.viewZones(key.Prefix, now),
	})
}

// sees tells whether this node's scoreboard has an amendment already.
func (s *server) sees(amended scoring.Entry) bool {
	entry, found := s.Board.Find(amended.Key())
	return found && entry.Amendment != nil && entry.Amendment.Version >= amended.Amendment.Version
}

// precondition holds the change to the version that If-Match names (RFC 9110
// §13.1.1).
func (s *server) precondition(header http.Header, key scoring.Key, change *intake.Change) error {
	given := header.Get("If-Match")
	if given == "" || given == "*" {
		return nil
	}
	entry, found := s.Board.Find(key)
	if !found {
		return nil // Amend says so, with a hint
	}
	if preconditionFails(header, versionTag(entry)) {
		return staleTag(staleIncident, given)
	}
	var version uint64
	if entry.Amendment != nil {
		version = entry.Amendment.Version
	}
	change.Version = &version
	return nil
}

const staleIncident = "the incident was amended since you read it"

// staleTag is for an If-Match that names another version than there is.
func staleTag(why, given string) error {
	p := newProblem(http.StatusPreconditionFailed, why, "read it again and repeat")
	p.Field, p.Value = "If-Match", cut(given)
	return p
}

// readChange reads what a PATCH asks for.
func readChange(o object) (intake.Change, error) {
	var change intake.Change
	for _, m := range o {
		var err error
		switch m.name {
		case "kind":
			change.Kind, err = m.text()
		case "points":
			change.Points, err = m.scalar()
		case "expires":
			change.Expires, err = m.moment()
		case "ttl":
			change.TTL, err = m.text()
		case "note":
			if m.sort != jsonNull {
				var note string
				note, err = m.text()
				change.Note = &note
			}
		case "withdrawn":
			change.Withdraw, err = m.boolean()
		case "reason":
			change.Reason, err = m.text()
		default:
			err = m.unknown("kind", "points", "expires", "ttl", "note", "withdrawn", "reason")
		}
		if err != nil {
			return change, err
		}
	}
	if change == (intake.Change{Reason: change.Reason}) {
		return change, wrong("", "", "nothing to change", "give kind, points, expires, ttl, note or withdrawn")
	}
	return change, nil
}
