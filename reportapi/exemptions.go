package reportapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

type exemptionView struct {
	Prefix  netip.Prefix `json:"prefix"`
	Reason  string       `json:"reason"`
	Expires time.Time    `json:"expires,omitzero"`
	By      string       `json:"by,omitempty"`
	At      time.Time    `json:"at,omitzero"`
	// Set is the protected set that it comes from, Action what that does.
	Set    string             `json:"set,omitempty"`
	Action scoring.Protection `json:"action,omitempty"`
}

func viewExemption(e scoring.Exemption) exemptionView {
	return exemptionView{Prefix: e.Prefix, Reason: e.Reason, Expires: utc(e.Expires), By: e.By, At: utc(e.At), Set: e.Set, Action: e.Action}
}

// protector says in a word or two what spares an address.
func (e exemptionView) protector() string {
	if e.Set != "" {
		return "protected by " + e.Set
	}
	return "exempt"
}

// getExemptions tells all exemptions, expired ones too.
func (s *server) getExemptions(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	views := []exemptionView{}
	for _, exemption := range s.Book.Exemptions() {
		views = append(views, viewExemption(exemption))
	}
	return ok(c, http.StatusOK, map[string]any{"exemptions": views})
}

// newExemption answers an exemption that was made.
type newExemption struct {
	exemptionView
	Delisted []string `json:"delisted"` // zones in which something was listed that no longer is
}

// postExemption makes an exemption, or replaces the one of the same prefix.
func (s *server) postExemption(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	now := s.Now()
	exemption, force, err := readExemption(o, now)
	if err != nil {
		return err
	}
	exemption.By = identityOf(c).Reporter
	listed := s.zonesListing(exemption.Prefix, now)
	made, err := s.Registrar.Exempt(c.Request.Context(), now, exemption, force)
	if err != nil {
		return refusalOf(err, fieldNames{"prefix": "prefix", "reason": "reason", "expiry": "expires"})
	}
	return ok(c, http.StatusCreated, newExemption{viewExemption(made), listed})
}

func readExemption(o object, now time.Time) (exemption scoring.Exemption, force bool, err error) {
	var prefix, ttl, expires string
	for _, m := range o {
		switch m.name {
		case "prefix", "ip":
			prefix, err = m.text()
		case "reason":
			exemption.Reason, err = m.text()
		case "ttl":
			ttl, err = m.text()
		case "expires":
			expires, err = m.scalar()
		case "force":
			var forced *bool
			forced, err = m.boolean()
			force = forced != nil && *forced
		default:
			err = m.unknown("prefix", "reason", "ttl", "expires", "force")
		}
		if err != nil {
			return exemption, force, err
		}
	}
	if prefix == "" {
		return exemption, force, wrong("prefix", "", "is missing", "want such as 203.0.113.7 or 203.0.113.0/24")
	}
	if exemption.Prefix, err = readPrefix("prefix", prefix); err != nil {
		return exemption, force, err
	}
	exemption.Expires, err = readExpiry(ttl, expires, now)
	return exemption, force, err
}

// zonesListing returns the zones that list something within a prefix.
func (s *server) zonesListing(prefix netip.Prefix, now time.Time) []string {
	names := []string{}
	for _, zone := range s.Zones() {
		if s.listsWithin(zone, prefix, now) {
			names = append(names, zone.Name)
		}
	}
	return names
}

func (s *server) listsWithin(zone Zone, prefix netip.Prefix, now time.Time) bool {
	if scoring.IsScored(prefix) && !scoring.IsRange(prefix) {
		return s.Board.StandingOf(prefix, zone.Rule, now).Listed
	}
	for listed := range s.Board.Index().Verdicts(zone.Index, zone.Rule.Categories, now) {
		if prefix.Overlaps(listed) {
			return true
		}
	}
	return false
}

// deleteExemption ends an exemption.
func (s *server) deleteExemption(c *gin.Context) error {
	q, err := queryOf(c, "prefix")
	if err != nil {
		return err
	}
	prefix, err := q.prefix("prefix")
	if err != nil {
		return err
	}
	if !prefix.IsValid() {
		return wrong("prefix", "", "is missing", "say which exemption ends: ?prefix=203.0.113.0/24")
	}
	if err := s.Registrar.Unexempt(c.Request.Context(), prefix); err != nil {
		return fmt.Errorf("ending an exemption: %w", err)
	}
	c.Status(http.StatusNoContent)
	return nil
}
