package reportapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

// A paused key reports nothing, is told why and until when, and may still look
// up and take back.
func TestPause(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	before := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	id := strings.Split(n.keys[control.RoleReporter], "_")[1]
	n.ask(t, call{line: "POST /v1/keys/" + id + "/pause", as: control.RoleAdmin, body: "why=runs+wild&ttl=5m", headers: []string{formBody}}, http.StatusOK).
		wants(t, map[string]any{"id": id, "paused.why": "runs wild", "paused.until": "2026-11-22T10:05:00Z"})

	w := n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.8&kind=ssh.maxauth", headers: []string{formBody}})
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "300" || !strings.Contains(w.Body.String(), "is paused until 2026-11-22T10:05:00Z: runs wild") {
		t.Errorf("%d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: `[{"ip":"203.0.113.8","kind":"ssh.maxauth"}]`, headers: []string{jsonBody}}, http.StatusOK).
		wants(t, map[string]any{"refused": 1.0, "rows.0.problem.field": "key"})
	n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleReporter}, http.StatusOK)
	n.ask(t, call{line: "PATCH /v1/incidents/203.0.113.7/" + before.at("id").(string), as: control.RoleReporter, body: "withdrawn=true&reason=wrong", headers: []string{formBody}}, http.StatusOK)

	n.wait(5 * time.Minute)
	n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth")
	n.ask(t, call{line: "POST /v1/keys/" + id + "/pause", as: control.RoleAdmin, body: "why=again", headers: []string{formBody}}, http.StatusOK).
		wants(t, map[string]any{"paused.why": "again", "paused.until": nil})
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.8&kind=ssh.maxauth", headers: []string{formBody}}, http.StatusTooManyRequests)
	n.ask(t, call{line: "DELETE /v1/keys/" + id + "/pause", as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{"paused": nil})
	n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth")

	n.ask(t, call{line: "POST /v1/keys/" + id + "/pause", as: control.RoleAdmin, body: "ttl=5m", headers: []string{formBody}}, http.StatusBadRequest)
	n.ask(t, call{line: "POST /v1/keys/" + id + "/pause", as: control.RoleAdmin, body: "why=x&hours=5", headers: []string{formBody}}, http.StatusBadRequest)
	n.ask(t, call{line: "DELETE /v1/keys/nothere2/pause", as: control.RoleAdmin}, http.StatusNotFound)
}
