package reportapi_test

import (
	"net/http"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

func TestOrganisations(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for name, organisation := range map[string]string{"reporter": "example.org", "moderator": "example.org", "reader": "Another"} {
		_, err := n.registrar.ChangeReporter(t.Context(), name, func(r *control.Reporter) { r.Organisation = organisation })
		must(t, err)
	}
	n.report(t, control.RoleReporter, "ip=203.0.113.6&kind=ssh.maxauth")
	n.wait(25 * time.Hour)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	n.report(t, control.RoleModerator, "ip=203.0.113.8&kind=ssh.maxauth")
	n.report(t, control.RoleAdmin, "ip=203.0.113.9&kind=ssh.maxauth")
	n.ask(t, call{line: "GET /v1/organisations", as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{
		"organisations.0.name": "Another", "organisations.0.reporters.0": "reader", "organisations.0.last_day": 0.0,
		"organisations.1.name": "example.org", "organisations.1.reporters.0": "moderator", "organisations.1.reporters.1": "reporter",
		"organisations.1.last_day": 2.0, "organisations.2": nil,
		"alone.0": "admin", "alone.1": "checker", "alone.2": nil,
	})
	n.ask(t, call{line: "GET /v1/reporters?organisation=example.org", as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{
		"reporters.0.name": "moderator", "reporters.1.name": "reporter", "reporters.2": nil,
	})
}
