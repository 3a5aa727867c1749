package reportapi_test

import (
	"net/http"
	"testing"

	"penaltybox/scoring/control"
)

func TestDryRun_answers_alike_and_stores_nothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	dry := func(body, kind string) document {
		line := "POST /v1/incidents?dry_run=1"
		if kind == textBody {
			line += "&kind=nonsense"
		}
		return n.ask(t, call{line: line, as: control.RoleReporter, body: body, headers: []string{kind}}, http.StatusOK)
	}
	dry(`{"ip":"203.0.113.7","kind":"ssh.maxauth","id":"a"}`, jsonBody).wants(t, map[string]any{
		"dry_run": true, "status": "recorded", "visible": false, "points": 20.0, "score": 0.0, "expires": "2026-12-22T10:00:00Z",
	})
	if stats := n.board.Stats(); stats.Incidents != 0 {
		t.Fatalf("%d incidents were stored", stats.Incidents)
	}
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&id=a")
	dry(`{"ip":"203.0.113.7","kind":"ssh.maxauth","id":"a"}`, jsonBody).wants(t, map[string]any{"dry_run": true, "status": "duplicate", "duplicate": true, "score": 20.0})
	dry("203.0.113.8\nnonsense\n192.0.2.1\n", textBody).wants(t, map[string]any{"refused": 3.0, "rows.0.problem.field": "kind"})
	dry(`{"ip":"203.0.113.7","kind":"ssh.maxauth","id":"a"}
{"ip":"203.0.113.7","kind":"web.wordpress","id":"a"}
{"ip":"203.0.113.8","kind":"ssh.maxauth","id":"b"}
{"ip":"203.0.113.8","kind":"ssh.maxauth","id":"b"}
{"ip":"192.0.2.1","kind":"ssh.maxauth"}
{"ip":"203.0.113.9","kind":"hacked.host"}`, ndjsonBody).wants(t, map[string]any{
		"dry_run": true, "recorded": 1.0, "duplicates": 2.0, "ignored": 1.0, "refused": 2.0,
		"rows.1.problem.field": "id", "rows.2.status": "recorded", "rows.3.status": "duplicate",
	})
	n.ask(t, call{line: "POST /v1/incidents?dry_run=1", as: control.RoleReporter, body: "ip=10.0.0.1&kind=ssh", headers: []string{formBody}}, http.StatusBadRequest)
	n.ask(t, call{line: "POST /v1/incidents?dry_run=perhaps", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody}}, http.StatusBadRequest)
	n.ask(t, call{line: "POST /v1/incidents?dry_run=1", as: control.RoleReader, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody}}, http.StatusForbidden)
	if stats := n.board.Stats(); stats.Incidents != 1 {
		t.Errorf("%d incidents are stored", stats.Incidents)
	}
}

func TestDryRun_false_is_earnest(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	in := n.ask(t, call{line: "POST /v1/incidents?dry_run=0", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody}}, http.StatusCreated)
	in.wants(t, map[string]any{"dry_run": nil, "visible": true})
}

func TestChecker_may_check_and_nothing_else(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	w := n.do(t, call{line: "GET /v1/check/203.0.113.7", as: control.RoleChecker})
	if w.Code != http.StatusOK || w.Body.String() != "listed 60 until=2026-12-22T10:00:00Z ssh\n" {
		t.Errorf("answers %d: %s", w.Code, w.Body)
	}
	for _, line := range []string{
		"GET /v1/ips/203.0.113.7", "GET /v1/incidents", "GET /v1/blocklist", "GET /v1/explain?name=203.0.113.7",
		"GET /v1/policy", "GET /v1/exemptions", "GET /v1/keys", "GET /v1/reporters", "POST /v1/incidents", "GET /v1/backup",
	} {
		n.ask(t, call{line: line, as: control.RoleChecker}, http.StatusForbidden)
	}
}
