package reportapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// trustChange is what a request says of how much a reporter's word counts. What
// is nil stays as it is.
type trustChange struct {
	organisation *string
	weight       *int
	probation    *bool
}

// take reads a member; false: it is of something else.
func (t *trustChange) take(m member) (taken bool, err error) {
	switch m.name {
	case "organisation":
		var name string
		name, err = m.text()
		t.organisation = &name
	case "weight":
		t.weight, err = readWeight(m)
	case "probation":
		t.probation, err = m.boolean()
	default:
		return false, nil
	}
	return true, err
}

// readWeight reads a percentage, nil for null.
func readWeight(m member) (*int, error) {
	text, err := m.scalar()
	if err != nil || text == "" {
		return nil, err
	}
	weight, err := strconv.Atoi(text)
	if err != nil {
		return nil, wrong(m.name, text, "is no whole number", fmt.Sprintf("want percent from 0 to %d", scoring.MaxWeight))
	}
	return &weight, nil
}

// apply changes a reporter.
func (t trustChange) apply(r *control.Reporter) {
	if t.organisation != nil {
		r.Organisation = *t.organisation
	}
	if t.weight != nil {
		r.Weight = t.weight
	}
	if t.probation != nil {
		r.Probation = *t.probation
	}
}

// empty tells whether it says nothing.
func (t trustChange) empty() bool { return t == trustChange{} }

// lifts tells whether it ends a probation, and does nothing else.
func (t trustChange) lifts() bool {
	return t.probation != nil && !*t.probation && t.organisation == nil && t.weight == nil
}

// mayChange tells why the caller may not change a reporter so: an admin may, and
// a moderator may end the probation of others.
func (s *server) mayChange(c *gin.Context, name string, change reporterChange) error {
	identity, admins := identityOf(c), right{control.RoleAdmin, []control.Scope{control.ScopeAdmin}}
	if admins.deny(identity) != nil && !change.others() && change.lifts() {
		if name == identity.Reporter {
			return newProblem(http.StatusForbidden, "nobody ends its own probation", "let another moderator do it")
		}
		return nil
	}
	if p := s.deny(c, identity, admins); p != nil {
		return p
	}
	return nil
}

// reporterPreview is a reporter as it would be, and whom that would list.
type reporterPreview struct {
	reporterView
	DryRun bool       `json:"dry_run"`
	Effect voidEffect `json:"effect"`
}

// tryReporter tells what a change of a reporter would do.
func (s *server) tryReporter(c *gin.Context, name string, change reporterChange, page effectPage) error {
	reporter, _, known := s.Book.ReporterAt(name)
	if !known {
		return fmt.Errorf("reporter %q: %w", name, scoring.ErrNotFound)
	}
	change.apply(&reporter)
	if err := reporter.Validate(); err != nil {
		return refusalOf(err, reporterFields())
	}
	trust := s.Book.Trust()
	trust.Reporters[reporter.Number] = reporter.Trust()
	return ok(c, http.StatusOK, reporterPreview{viewReporter(reporter), true, s.effectOf(trust, s.Now(), page)})
}

// reporterTag is the entity tag of a reporter: the version of its record.
func reporterTag(version uint64) string { return fmt.Sprintf(`"v%d"`, version) }

// changeReporter changes a reporter, of the version that If-Match names (RFC
// 9110 §13.1.1).
func (s *server) changeReporter(c *gin.Context, name string, change func(*control.Reporter)) error {
	given := c.GetHeader("If-Match")
	_, version, known := s.Book.ReporterAt(name)
	if given == "" || given == "*" || !known {
		_, err := s.Registrar.ChangeReporter(c.Request.Context(), name, change)
		return err
	}
	stale := staleTag("the reporter was changed since you read it", given)
	if preconditionFails(c.Request.Header, reporterTag(version)) {
		return stale
	}
	_, err := s.Registrar.ChangeReporterAt(c.Request.Context(), name, version, change)
	if errors.Is(err, scoring.ErrConflict) {
		return stale
	}
	return err
}
