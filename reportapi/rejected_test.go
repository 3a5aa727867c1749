package reportapi_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// What was refused of a key can be looked up by it, whatever way it came, and
// never with a note.
func TestRejected(t *testing.T) {
	t.Parallel()
	var kept *intake.Rejections
	n := newNode(t, func(c *reportapi.Config) { kept = c.Rejections })
	send := func(body, kind string, want int) {
		t.Helper()
		n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: body, headers: []string{kind}}, want)
	}
	send("ip=203.0.113.300&kind=ssh&note=hunter2", formBody, http.StatusBadRequest)
	send("ip=203.0.113.7&kind=nonsense&note=hunter2", formBody, http.StatusBadRequest)
	send("ip=203.0.113.7&kind=ssh&remark=hunter2", formBody, http.StatusBadRequest)
	send(`{"ip":"203.0.113.8","kind":"hacked.host","note":"hunter2"}`, jsonBody, http.StatusForbidden)
	send(`[{"ip":"203.0.113.9","kind":"ssh.maxauth"},{"ip":"203.0.113.10","kind":"none.such","note":"hunter2"}]`, jsonBody, http.StatusOK)
	send("{\"ip\":\"203.0.113.9\",\"kind\":\"ssh.maxauth\"}\n{\"ip\":\"203.0.113.11\",\"remark\":\"hunter2\"}\n", "Content-Type: application/x-ndjson", http.StatusOK)
	w := n.do(t, call{line: "GET /v1/rejected", as: control.RoleReporter})
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	list := n.ask(t, call{line: "GET /v1/rejected", as: control.RoleReporter}, http.StatusOK)
	list.wants(t, map[string]any{
		"rejected.0.route": "/v1/incidents", "rejected.0.row": 2.0, "rejected.0.field": "remark",
		"rejected.1.ip": "203.0.113.10", "rejected.1.field": "kind", "rejected.1.value": "none.such",
		"rejected.2.ip": "203.0.113.8", "rejected.2.reporter": "reporter", "rejected.2.at": "2026-11-22T10:00:00Z",
		"rejected.3.field": "remark", "rejected.3.value": nil,
		"rejected.4.field": "kind", "rejected.4.value": "nonsense",
		"rejected.5.ip": "203.0.113.300", "rejected.5.field": "ip",
		"rejected.6": nil,
	})

	// Others' are for moderators, and a dry run is none.
	n.ask(t, call{line: "POST /v1/incidents?dry_run=1", as: control.RoleModerator, body: `[{"ip":"x","kind":"ssh"},{"ip":"y","kind":"ssh"}]`, headers: []string{jsonBody}}, http.StatusOK)
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleModerator, body: "ip=mail.example.org&kind=ssh", headers: []string{formBody}}, http.StatusBadRequest)
	n.ask(t, call{line: "GET /v1/rejected?limit=1", as: control.RoleModerator}, http.StatusOK).
		wants(t, map[string]any{"rejected.0.reporter": "moderator", "rejected.0.ip": "mail.example.org", "rejected.1": nil})
	n.ask(t, call{line: "GET /v1/rejected?reporter=reporter&limit=1", as: control.RoleModerator}, http.StatusOK).
		wants(t, map[string]any{"rejected.0.field": "remark", "rejected.1": nil})
	n.ask(t, call{line: "GET /v1/rejected?reporter=moderator", as: control.RoleReporter}, http.StatusForbidden)
	n.ask(t, call{line: "GET /v1/rejected?limit=0", as: control.RoleReporter}, http.StatusBadRequest)

	// A client that goes on with what is wrong does not push out the rest.
	for range 300 {
		send("ip=nowhere&kind=ssh", formBody, http.StatusBadRequest)
	}
	n.ask(t, call{line: "GET /v1/rejected?reporter=reporter", as: control.RoleAdmin}, http.StatusOK).
		wants(t, map[string]any{"rejected.0.ip": "nowhere", "rejected.0.count": 300.0, "rejected.1.field": "remark"})

	// What is erased for privacy goes out of them.
	if w := n.do(t, call{line: "GET /v1/rejected", as: control.RoleAdmin}); !strings.Contains(w.Body.String(), "203.0.113.8") {
		t.Errorf("it does not stand yet: %s", w.Body)
	}
	kept.Forget(netip.MustParsePrefix("203.0.113.8/32"))
	if w := n.do(t, call{line: "GET /v1/rejected", as: control.RoleAdmin}); strings.Contains(w.Body.String(), "203.0.113.8") {
		t.Errorf("what is erased stands yet: %s", w.Body)
	}
}
