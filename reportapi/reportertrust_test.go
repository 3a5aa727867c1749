package reportapi_test

import (
	"net/http"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

func TestReporter_trust_is_set_told_and_audited(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.admin(t, "POST /v1/reporters", `{"name":"web1"}`, 201).wants(t, map[string]any{"organisation": nil, "weight": 100.0, "probation": false})
	n.admin(t, "POST /v1/reporters", `{"name":"web9","organisation":"example.org","weight":50,"probation":true}`, 201).wants(t, map[string]any{
		"organisation": "example.org", "weight": 50.0, "probation": true,
	})
	n.admin(t, "PATCH /v1/reporters/web9", `{"weight":0,"probation":false}`, 200).wants(t, map[string]any{"organisation": "example.org", "weight": 0.0, "probation": false})
	n.admin(t, "PATCH /v1/reporters/web9", `{"organisation":""}`, 200).wants(t, map[string]any{"organisation": nil, "weight": 0.0})
	n.ask(t, call{line: "PATCH /v1/reporters/web9", as: control.RoleAdmin, body: "weight=200&probation=true", headers: []string{"Content-Type: application/x-www-form-urlencoded"}}, 200).wants(t, map[string]any{"weight": 200.0, "probation": true})
	n.ask(t, call{line: "GET /v1/reporters/web9", as: control.RoleAdmin}, 200).wants(t, map[string]any{"name": "web9", "weight": 200.0, "probation": true})
	n.ask(t, call{line: "GET /v1/reporters", as: control.RoleAdmin}, 200).wants(t, map[string]any{"reporters.6.name": "web9", "reporters.6.weight": 200.0})
	n.ask(t, call{line: "GET /v1/reporters/nobody", as: control.RoleAdmin, tolerated: true}, 404)

	n.ask(t, call{line: "GET /v1/audit?object=reporter/web9", as: control.RoleAdmin}, 200).wants(t, map[string]any{
		"events.0.before": nil, "events.0.after.weight": 50.0, "events.0.after.organisation": "example.org", "events.0.after.probation": true,
		"events.1.who": "admin", "events.1.before.weight": 50.0, "events.1.before.probation": true, "events.1.after.weight": 0.0, "events.1.after.probation": nil,
		"events.2.before.organisation": "example.org", "events.2.after.organisation": nil,
	})
}

func TestReporter_trust_refusals_name_the_field(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for field, bodies := range map[string][]string{
		"weight":       {`{"weight":201}`, `{"weight":-1}`, `{"weight":"half"}`, `{"weight":1.5}`, `{"weight":true}`},
		"organisation": {`{"organisation":"two words"}`, `{"organisation":"` + strings.Repeat("x", 64) + `"}`, `{"organisation":7}`},
		"probation":    {`{"probation":"perhaps"}`},
	} {
		for _, body := range bodies {
			n.admin(t, "PATCH /v1/reporters/reader", body, 400).wants(t, map[string]any{"field": field})
			n.admin(t, "POST /v1/reporters", `{"name":"web9",`+body[1:], 400).wants(t, map[string]any{"field": field})
		}
	}
	if _, made := n.book.Reporter("web9"); made {
		t.Error("a reporter was made of what was refused")
	}
}

// A reporter is changed as it was read, or not at all.
func TestReporter_changes_name_the_version(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	tag := n.do(t, call{line: "GET /v1/reporters/reporter", as: control.RoleAdmin}).Header().Get("ETag")
	patch := func(tag string, status int) string {
		t.Helper()
		w := n.do(t, call{line: "PATCH /v1/reporters/reporter", as: control.RoleAdmin, body: `{"weight":50}`, headers: []string{jsonBody, "If-Match: " + tag}, tolerated: true})
		if w.Code != status {
			t.Errorf("If-Match %s answers %d, want %d: %s", tag, w.Code, status, w.Body)
		}
		return w.Header().Get("ETag")
	}
	next := patch(tag, http.StatusOK)
	if next == tag || next == "" {
		t.Errorf("the tag after the change is %q, before it was %q", next, tag)
	}
	patch(tag, http.StatusPreconditionFailed)
	patch(next, http.StatusOK)
	patch("*", http.StatusOK)
	patch(next, http.StatusPreconditionFailed)
}

// A moderator may trust a newcomer, and nothing beyond.
func TestReporter_a_moderator_ends_a_probation(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	as := func(line, body string, status int) {
		t.Helper()
		n.ask(t, call{line: line, as: control.RoleModerator, body: body, headers: []string{jsonBody}, tolerated: true}, status)
	}
	for _, name := range []string{"reporter", "moderator"} {
		n.admin(t, "PATCH /v1/reporters/"+name, `{"probation":true}`, 200)
	}
	as("PATCH /v1/reporters/moderator", `{"probation":false}`, http.StatusForbidden)
	for _, body := range []string{`{"probation":true}`, `{"weight":200}`, `{"probation":false,"weight":200}`, `{"probation":false,"role":"admin"}`, `{"organisation":"x"}`, `{"disabled":true}`} {
		as("PATCH /v1/reporters/reporter", body, http.StatusForbidden)
	}
	if r, _ := n.book.Reporter("reporter"); !r.Probation || r.Weight != nil || r.Role != control.RoleReporter {
		t.Errorf("after refusals the reporter is %+v", r)
	}
	as("PATCH /v1/reporters/reporter", `{"probation":false}`, http.StatusOK)
	if r, _ := n.book.Reporter("reporter"); r.Probation {
		t.Error("the reporter is still on probation")
	}
}
