package reportapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

type reporterView struct {
	Name     string                 `json:"name"`
	Number   scoring.ReporterNumber `json:"number"`
	Role     control.Role           `json:"role"`
	Disabled bool                   `json:"disabled"`
	Created  time.Time              `json:"created"`
	Hosts    string                 `json:"hosts,omitempty"`
	Nets     string                 `json:"nets,omitempty"`
	// How much its word counts: see [scoring.ReporterTrust].
	Organisation string `json:"organisation,omitempty"`
	Weight       int    `json:"weight"`
	Probation    bool   `json:"probation"`
	// ClockOffset is how far its clock is ahead; see [intake.Intake.ClockOffsets].
	ClockOffset *int `json:"clock_offset_seconds,omitempty"`
}

func viewReporter(r control.Reporter) reporterView {
	trust := r.Trust()
	return reporterView{
		Name: r.Name, Number: r.Number, Role: r.Role, Disabled: r.Disabled, Created: utc(r.Created), Hosts: r.Hosts, Nets: r.Nets,
		Organisation: trust.Organisation, Weight: trust.Weight, Probation: trust.Probation,
	}
}

// getReporters tells all reporters, or those of one organisation.
func (s *server) getReporters(c *gin.Context) error {
	q, err := queryOf(c, "organisation")
	if err != nil {
		return err
	}
	organisation := q.text("organisation")
	views, offsets := []reporterView{}, s.Intake.ClockOffsets(s.Now())
	for _, reporter := range s.Book.Reporters() {
		if organisation == "" || reporter.Organisation == organisation {
			view := viewReporter(reporter)
			if ahead, known := offsets[reporter.Name]; known {
				seconds := int(ahead.Seconds())
				view.ClockOffset = &seconds
			}
			views = append(views, view)
		}
	}
	return ok(c, http.StatusOK, map[string]any{"reporters": views})
}

// getReporter tells one reporter.
func (s *server) getReporter(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	return s.tellReporter(c, http.StatusOK, c.Param("name"))
}

// tellReporter answers with a reporter as it is now.
func (s *server) tellReporter(c *gin.Context, status int, name string) error {
	reporter, version, known := s.Book.ReporterAt(name)
	if !known {
		return fmt.Errorf("reporter %q: %w", name, scoring.ErrNotFound)
	}
	c.Header("ETag", reporterTag(version))
	return ok(c, status, viewReporter(reporter))
}

// reporterFields are the fields that scoring/control refuses by their names.
func reporterFields() fieldNames {
	return fieldNames{
		"reporter": "name", "role": "role", "hosts": "hosts", "nets": "nets", "organisation": "organisation", "weight": "weight",
	}
}

// postReporter makes a reporter.
func (s *server) postReporter(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	reporter, trust := control.Reporter{Role: control.RoleReporter}, trustChange{}
	for _, m := range o {
		switch m.name {
		case "name":
			reporter.Name, err = m.text()
		case "role":
			var role string
			role, err = m.text()
			reporter.Role = control.Role(role)
		case "nets":
			reporter.Nets, err = m.text()
		default:
			var taken bool
			if taken, err = trust.take(m); !taken {
				err = m.unknown("name", "role", "nets", "organisation", "weight", "probation")
			}
		}
		if err != nil {
			return err
		}
	}
	trust.apply(&reporter)
	if _, err := s.Registrar.Enrol(c.Request.Context(), s.Now(), reporter); err != nil {
		return refusalOf(err, reporterFields())
	}
	return s.tellReporter(c, http.StatusCreated, reporter.Name)
}

// reporterChange is what a request changes of a reporter. What is nil, or no role,
// stays as it is.
type reporterChange struct {
	role        string
	disabled    *bool
	hosts, nets *string
	trustChange
}

func readReporterChange(o object) (change reporterChange, err error) {
	for _, m := range o {
		var text string
		switch m.name {
		case "role":
			change.role, err = m.choice()
		case "disabled":
			change.disabled, err = m.boolean()
		case "hosts":
			text, err = m.text()
			change.hosts = &text
		case "nets":
			text, err = m.text()
			change.nets = &text
		default:
			var taken bool
			if taken, err = change.take(m); !taken {
				err = m.unknown("role", "disabled", "hosts", "nets", "organisation", "weight", "probation")
			}
		}
		if err != nil {
			return change, err
		}
	}
	if !change.others() && change.empty() {
		return change, wrong("", "", "nothing to change", "give role, disabled, hosts, nets, organisation, weight or probation")
	}
	return change, nil
}

// others tells whether it says anything but of trust.
func (ch reporterChange) others() bool {
	return ch.role != "" || ch.disabled != nil || ch.hosts != nil || ch.nets != nil
}

// apply changes a reporter.
func (ch reporterChange) apply(r *control.Reporter) {
	if ch.role != "" {
		r.Role = control.Role(ch.role)
	}
	if ch.disabled != nil {
		r.Disabled = *ch.disabled
	}
	if ch.hosts != nil {
		r.Hosts = *ch.hosts
	}
	if ch.nets != nil {
		r.Nets = *ch.nets
	}
	ch.trustChange.apply(r)
}

// patchReporter changes a reporter: its role, its networks and hosts, how much
// its word counts, or whether it may report at all. With ?dry_run it tells what
// a change of trust would do.
func (s *server) patchReporter(c *gin.Context) error {
	page, err := readEffectPage(c)
	if err != nil {
		return err
	}
	o, err := s.objectOf(c)
	if err != nil {
		return err
	}
	change, err := readReporterChange(o)
	if err != nil {
		return err
	}
	name := c.Param("name")
	if err := s.mayChange(c, name, change); err != nil {
		return err
	}
	if name == identityOf(c).Reporter && (change.role != "" || change.disabled != nil) {
		return lockout("a reporter does not change its own role or disable itself")
	}
	if page.dry {
		return s.tryReporter(c, name, change, page)
	}
	if err := s.changeReporter(c, name, change.apply); err != nil {
		return refusalOf(err, reporterFields())
	}
	return s.tellReporter(c, http.StatusOK, name)
}

// lockout refuses what could leave nobody with an admin's key.
func lockout(what string) error {
	return newProblem(http.StatusConflict, fmt.Sprintf("%s: nobody might be left to undo it", what), "let another admin do it")
}
