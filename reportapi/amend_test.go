package reportapi_test

import (
	"net/http"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func (n *node) patch(t *testing.T, as control.Role, incident document, body string, status int, headers ...string) document {
	t.Helper()
	line := "PATCH /v1/incidents/" + incident.at("ip").(string) + "/" + incident.at("id").(string)
	return n.ask(t, call{line: line, as: as, body: body, headers: append(headers, jsonBody)}, status)
}

func TestAmend_withdrawing_delists_and_can_be_taken_back(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	in := n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth&note=user+root")
	n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth")
	n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth").wants(t, map[string]any{"zones.0.listed": true})

	n.patch(t, control.RoleReporter, in, `{"withdrawn":true}`, 400).wants(t, map[string]any{"field": "reason"})
	n.patch(t, control.RoleReporter, in, `{"withdrawn":true,"reason":"our own scanner"}`, 200).wants(t, map[string]any{
		"withdrawn": true, "visible": true, "zones.0.listed": false, "zones.0.score": 40.0, "note": "user root",
		"amended.version": 1.0, "amended.by": "reporter", "amended.reason": "our own scanner", "amended.original.points": 20.0,
	})
	n.patch(t, control.RoleModerator, in, `{"withdrawn":false}`, 200).wants(t, map[string]any{
		"withdrawn": nil, "zones.0.listed": true, "amended.version": 2.0, "amended.by": "moderator",
	})
}

func TestAmend_what_can_change(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	in := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&note=user+root")
	n.patch(t, control.RoleReporter, in, `{"kind":"web.wordpress"}`, 200).wants(t, map[string]any{
		"kind": "web.wordpress", "category": "web", "points": 20.0, "amended.original.kind": "ssh.maxauth",
	})
	n.patch(t, control.RoleReporter, in, `{"ttl":"2h"}`, 200).wants(t, map[string]any{"expires": "2026-11-22T12:00:00Z"})
	n.patch(t, control.RoleReporter, in, `{"expires":"2026-11-23T00:00:00Z"}`, 200).wants(t, map[string]any{"expires": "2026-11-23T00:00:00Z"})
	n.patch(t, control.RoleReporter, in, `{"note":"user admin"}`, 200).wants(t, map[string]any{"note": "user admin"})
	n.patch(t, control.RoleReporter, in, `{"note":null,"points":5}`, 200).wants(t, map[string]any{"note": "user admin", "points": 5.0})
	n.patch(t, control.RoleReporter, in, `{"note":""}`, 200).wants(t, map[string]any{"note": nil})
	n.patch(t, control.RoleModerator, in, `{"points":60,"reason":"seen elsewhere"}`, 200).wants(t, map[string]any{"points": 60.0, "zones.0.listed": true, "amended.by": "moderator"})
	n.patch(t, control.RoleReporter, in, `{"points":20}`, 403).wants(t, map[string]any{"field": "id"}) // a moderator's word stands
}

func TestAmend_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	in := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	others := n.report(t, control.RoleModerator, "ip=203.0.113.7&kind=ssh.maxauth")
	n.patch(t, control.RoleReporter, others, `{"points":1}`, 403).wants(t, map[string]any{"field": "id"})
	n.patch(t, control.RoleReporter, in, `{"points":60}`, 403).wants(t, map[string]any{"field": "points"})
	for body, field := range map[string]any{
		`{"points":0}`: "points", `{"kind":"nonsense"}`: "kind", `{"ttl":"400d"}`: "ttl", `{"withdrawn":"yes"}`: "withdrawn",
		`{"id":"x"}`: "id", `{}`: nil, `{"reason":"none"}`: nil,
	} {
		n.patch(t, control.RoleReporter, in, body, 400).wants(t, map[string]any{"field": field})
	}
	unknown := document{"ip": "203.0.113.7", "id": "0123456789abcdef"}
	n.patch(t, control.RoleReporter, unknown, `{"points":1}`, 404)
	n.patch(t, control.RoleReporter, unknown, `{"points":1}`, 404, `If-Match: "v0"`)
	n.patch(t, control.RoleReporter, document{"ip": "203.0.113.7", "id": "short"}, `{"points":1}`, 400).wants(t, map[string]any{"field": "id"})
	n.ask(t, call{line: "GET /v1/incidents/203.0.113.7/0123456789abcdef", as: control.RoleReader}, 404)
	n.ledger.failWith(scoring.ErrUnavailable)
	n.patch(t, control.RoleReporter, in, `{"points":1}`, 503)
}

func TestAmend_If_Match_holds_off_who_read_it_before(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	in := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	line := "GET /v1/incidents/203.0.113.7/" + in.at("id").(string)
	etag := func() string { return n.do(t, call{line: line, as: control.RoleReader}).Header().Get("ETag") }
	read := etag()
	if read != `"v0"` {
		t.Errorf("ETag is %s", read)
	}
	n.patch(t, control.RoleReporter, in, `{"points":10}`, 200, "If-Match: "+read)
	if now := etag(); now != `"v1"` {
		t.Errorf("ETag is %s after an amendment", now)
	}
	n.patch(t, control.RoleReporter, in, `{"points":5}`, http.StatusPreconditionFailed, "If-Match: "+read).wants(t, map[string]any{"field": "If-Match"})
	n.patch(t, control.RoleReporter, in, `{"points":5}`, http.StatusPreconditionFailed, `If-Match: W/"v1"`)
	n.patch(t, control.RoleReporter, in, `{"points":5}`, 200, `If-Match: "v0", "v1"`)
	n.patch(t, control.RoleReporter, in, `{"points":4}`, 200, "If-Match: *")
}
