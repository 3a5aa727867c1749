package reportapi

import (
	"errors"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

type policyView struct {
	Version uint64 `json:"version"` // 0: the built-in policy
	scoring.Policy
}

// policyChange answers a change of the policy: what it became and whom it
// lists and delists.
type policyChange struct {
	Policy  policyView     `json:"policy"`
	Changes listingChanges `json:"changes"`
}

// toldChanges is how many addresses a change names; the totals are exact.
const toldChanges = 100

type listingChanges struct {
	Listed        []zonePrefix `json:"listed"`
	Delisted      []zonePrefix `json:"delisted"`
	ListedTotal   int          `json:"listed_total"`
	DelistedTotal int          `json:"delisted_total"`
}

type zonePrefix struct {
	Zone   string       `json:"zone"`
	Prefix netip.Prefix `json:"prefix"`
}

// getPolicy tells the policy: which kinds there are and what they count.
func (s *server) getPolicy(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	return ok(c, http.StatusOK, policyView{s.Book.PolicyVersion(), s.Book.Policy()})
}

// patchPolicy changes settings, or with ?dry_run tells what that would do.
func (s *server) patchPolicy(c *gin.Context) error {
	q, err := queryOf(c, "dry_run")
	if err != nil {
		return err
	}
	dry, err := q.flag("dry_run")
	if err != nil {
		return err
	}
	o, err := s.objectOf(c)
	if err != nil {
		return err
	}
	settings, err := readSettings(o)
	if err != nil {
		return err
	}
	var answer policyChange
	change := func(policy scoring.Policy) (scoring.Policy, error) {
		changed, err := applySettings(policy, settings)
		if err != nil {
			return policy, err
		}
		preview, err := s.Board.Preview(changed, s.Now())
		answer.Changes = s.viewChanges(preview)
		return changed, err
	}
	var policy scoring.Policy
	if dry {
		policy, err = change(s.Book.Policy())
	} else {
		policy, err = s.Registrar.SetPolicy(c.Request.Context(), change)
	}
	if err != nil {
		return err
	}
	answer.Policy = policyView{s.Book.PolicyVersion(), policy}
	return ok(c, http.StatusOK, answer)
}

// readSettings reads {"set": {"ssh.maxauth.points": "25"}}, in order.
func readSettings(o object) (object, error) {
	var settings object
	for _, m := range o {
		if m.name != "set" {
			return nil, m.unknown("set")
		}
		if m.sort != nestedObject {
			return nil, m.wants("an object of settings")
		}
		settings = m.nested
	}
	if len(settings) == 0 {
		return nil, wrong("set", "", "is missing", `want such as {"set": {"ssh.maxauth.points": "25"}}`)
	}
	return settings, nil
}

func applySettings(policy scoring.Policy, settings object) (scoring.Policy, error) {
	for _, setting := range settings {
		value, err := setting.scalar()
		if err != nil {
			return policy, err
		}
		changed, err := policy.Set(setting.name, value)
		if err != nil {
			if cause := errors.Unwrap(err); cause != nil {
				err = cause
			}
			return policy, wrong(setting.name, value, err.Error(), "")
		}
		policy = changed
	}
	return policy, nil
}

func (s *server) viewChanges(changes []scoring.Change) listingChanges {
	view := listingChanges{Listed: []zonePrefix{}, Delisted: []zonePrefix{}}
	zones := s.Zones()
	for _, change := range changes {
		for _, zone := range zones {
			if zone.Index != change.Rule || change.Old.Listed == change.New.Listed {
				continue
			}
			told, total := &view.Delisted, &view.DelistedTotal
			if change.New.Listed {
				told, total = &view.Listed, &view.ListedTotal
			}
			if *total++; len(*told) < toldChanges {
				*told = append(*told, zonePrefix{zone.Name, change.Prefix})
			}
		}
	}
	return view
}
