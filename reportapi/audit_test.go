package reportapi_test

import (
	"net/http"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// TestAudit: who, with which key, from where, what, before and after.
func TestAudit(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	adminKey := strings.Split(n.keys[control.RoleAdmin], "_")[1]
	n.admin(t, "PATCH /v1/policy", `{"set":{"threshold":"60"}}`, http.StatusOK)
	page := n.ask(t, call{line: "GET /v1/audit?object=policy", as: control.RoleAdmin}, http.StatusOK)
	page.wants(t, map[string]any{
		"events.0.who": "admin", "events.0.key_id": adminKey, "events.0.source": clientAddr,
		"events.0.action": "add", "events.0.object": "policy", "events.0.after.threshold": 60.0,
	})
	// In pages, none left out and none twice.
	seen, cursor := map[string]bool{}, ""
	for range 100 {
		part := n.ask(t, call{line: "GET /v1/audit?limit=2&cursor=" + cursor, as: control.RoleAdmin}, http.StatusOK)
		for _, event := range part["events"].([]any) {
			id := event.(map[string]any)["id"].(string)
			if seen[id] {
				t.Errorf("event %s comes twice", id)
			}
			seen[id] = true
		}
		next, more := part["next"].(string)
		if cursor = next; !more {
			break
		}
	}
	w := n.do(t, call{line: "GET /v1/audit", as: control.RoleAdmin, headers: []string{"Accept: application/x-ndjson"}})
	lines := strings.Count(w.Body.String(), "\n")
	if lines != len(seen) || lines < 10 {
		t.Errorf("%d events in pages, %d as NDJSON", len(seen), lines)
	}
	if text := w.Body.String(); strings.Contains(text, "hash") {
		t.Error("a hash is in the audit")
	}
	for _, query := range []string{"cursor=x", "since=then", "limit=0", "what=1"} {
		n.ask(t, call{line: "GET /v1/audit?" + query, as: control.RoleAdmin, tolerated: true}, http.StatusBadRequest)
	}
}
