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
}

func viewReporter(r control.Reporter) reporterView {
	return reporterView{Name: r.Name, Number: r.Number, Role: r.Role, Disabled: r.Disabled, Created: utc(r.Created), Hosts: r.Hosts, Nets: r.Nets}
}

// getReporters tells all reporters.
func (s *server) getReporters(c *gin.Context) error {
	if _, err := queryOf(c); err != nil {
		return err
	}
	views := []reporterView{}
	for _, reporter := range s.Book.Reporters() {
		views = append(views, viewReporter(reporter))
	}
	return ok(c, http.StatusOK, map[string]any{"reporters": views})
}

// postReporter makes a reporter.
func (s *server) postReporter(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	name, role, nets := "", string(control.RoleReporter), ""
	for _, m := range o {
		switch m.name {
		case "name":
			name, err = m.text()
		case "role":
			role, err = m.text()
		case "nets":
			nets, err = m.text()
		default:
			err = m.unknown("name", "role", "nets")
		}
		if err != nil {
			return err
		}
	}
	if _, err := (control.Reporter{Nets: nets}).Networks(); err != nil {
		return refusalOf(err, fieldNames{"nets": "nets"})
	}
	reporter, err := s.Registrar.AddReporter(c.Request.Context(), s.Now(), name, control.Role(role))
	if err == nil && nets != "" {
		reporter, err = s.Registrar.ChangeReporter(c.Request.Context(), name, func(r *control.Reporter) { r.Nets = nets })
	}
	if err != nil {
		return refusalOf(err, fieldNames{"reporter": "name", "role": "role", "nets": "nets"})
	}
	return ok(c, http.StatusCreated, viewReporter(reporter))
}

// patchReporter changes a reporter's role, disables it or enables it again.
func (s *server) patchReporter(c *gin.Context) error {
	o, err := s.readObject(c)
	if err != nil {
		return err
	}
	var role string
	var disabled *bool
	var hosts, nets *string
	for _, m := range o {
		switch m.name {
		case "role":
			role, err = m.text()
		case "disabled":
			disabled, err = m.boolean()
		case "hosts":
			var names string
			names, err = m.text()
			hosts = &names
		case "nets":
			var networks string
			networks, err = m.text()
			nets = &networks
		default:
			err = m.unknown("role", "disabled", "hosts", "nets")
		}
		if err != nil {
			return err
		}
	}
	name := c.Param("name")
	switch {
	case role == "" && disabled == nil && hosts == nil && nets == nil:
		return wrong("", "", "nothing to change", "give role, disabled, hosts or nets")
	case name == identityOf(c).Reporter && (role != "" || disabled != nil):
		return lockout("a reporter does not change its own role or disable itself")
	}
	reporter, err := s.Registrar.ChangeReporter(c.Request.Context(), name, func(r *control.Reporter) {
		if role != "" {
			r.Role = control.Role(role)
		}
		if disabled != nil {
			r.Disabled = *disabled
		}
		if hosts != nil {
			r.Hosts = *hosts
		}
		if nets != nil {
			r.Nets = *nets
		}
	})
	if err != nil {
		return refusalOf(err, fieldNames{"role": "role", "hosts": "hosts", "nets": "nets"})
	}
	return ok(c, http.StatusOK, viewReporter(reporter))
}

// lockout refuses what could leave nobody with an admin's key.
func lockout(what string) error {
	return newProblem(http.StatusConflict, fmt.Sprintf("%s: nobody might be left to undo it", what), "let another admin do it")
}
