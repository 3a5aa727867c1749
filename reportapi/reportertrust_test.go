package reportapi_test

import (
	"net/http"
	"strings"
	"testing"

	"penaltybox/scoring"
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

// Whoever looks an address up is told what each report counts, and why not more.
func TestTrust_is_told_of_each_incident(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&id=1")
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&id=2&ttl=29d")
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=forum.spam&id=3&ttl=28d")
	lookUp := func(want map[string]any) {
		t.Helper()
		n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleReader}, 200).wants(t, want)
	}
	explain := func(want map[string]any) {
		t.Helper()
		n.ask(t, call{line: "GET /v1/explain?name=203.0.113.7", as: control.RoleReader}, 200).wants(t, want)
	}
	lookUp(map[string]any{"zones.0.listed": true, "zones.0.score": 65.0, "zones.0.organisations": nil, "incidents.0.counted": 20.0, "incidents.0.less": nil})
	explain(map[string]any{"answers.0.incidents.0.counted": 20.0, "answers.1.incidents.2.counted": 0.0, "answers.1.incidents.2.less.0.by": "category"})

	n.admin(t, "PATCH /v1/reporters/reporter", `{"weight":50}`, 200)
	lookUp(map[string]any{"zones.0.listed": false, "zones.0.score": 32.0, "incidents.0.points": 20.0, "incidents.0.counted": 10.0, "incidents.0.less.0.by": "weight", "incidents.0.less.0.limit": 50.0})
	explain(map[string]any{"answers.0.why": "the address is not listed: 32 of 65 reported points count", "answers.1.why": "the address is not listed"})

	n.admin(t, "PATCH /v1/reporters/reporter", `{"weight":100,"probation":true}`, 200)
	lookUp(map[string]any{"zones.0.score": 0.0, "incidents.0.counted": 0.0, "incidents.0.less.0.by": "probation", "incidents.0.less.0.limit": nil})

	n.admin(t, "PATCH /v1/reporters/reporter", `{"probation":false}`, 200)
	n.admin(t, "PATCH /v1/policy", `{"set":{"min_organisations":2}}`, 200).wants(t, map[string]any{"policy.min_organisations": 2.0, "changes.delisted_total": 1.0})
	lookUp(map[string]any{"zones.0.listed": false, "zones.0.score": 65.0, "zones.0.organisations": 1.0, "zones.0.min_organisations": 2.0, "incidents.0.less": nil})
	explain(map[string]any{"answers.0.why": "the address is not listed: 1 of 2 organisations"})
	checked := n.do(t, call{line: "GET /v1/check/203.0.113.7", as: control.RoleChecker}).Body.String()
	if checked != "clean; not listed: 1 of 2 organisations\n" {
		t.Errorf("check says %q", checked)
	}
	n.report(t, control.RoleModerator, "ip=203.0.113.7&kind=scan.port&ttl=27d").wants(t, map[string]any{"zones.0.listed": true, "zones.0.organisations": 2.0})

	n.admin(t, "PATCH /v1/policy", `{"set":{"min_organisations":1,"reporter_cap":30}}`, 200).wants(t, map[string]any{"policy.reporter_cap": 30.0})
	lookUp(map[string]any{"zones.0.listed": false, "zones.0.score": 35.0, "incidents.1.counted": 10.0, "incidents.1.less.0.by": "reporter_cap", "incidents.1.less.0.limit": 30.0})

	void, err := n.registrar.AddVoid(t.Context(), n.now(), scoring.Void{Reporter: numberOf(t, n, "reporter"), Reason: "was broken"})
	must(t, err)
	lookUp(map[string]any{"zones.0.score": 5.0, "incidents.0.counted": 0.0, "incidents.0.less.0.by": "void", "incidents.0.less.0.void": void.ID, "incidents.0.less.0.reason": "was broken"})
}

// A change of trust is tried before it is made, and does what was told.
func TestReporter_trust_is_tried(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.report(t, control.RoleModerator, "ip=203.0.113.8&kind=hacked.host")
	tag := n.do(t, call{line: "GET /v1/reporters/reporter", as: control.RoleAdmin}).Header().Get("ETag")
	n.admin(t, "PATCH /v1/reporters/reporter?dry_run=1", `{"probation":true}`, 200).wants(t, map[string]any{
		"probation": true, "dry_run": true, "effect.addresses": 1.0, "effect.delisted": 1.0, "effect.listed": 0.0,
		"effect.listings.0.prefix": "203.0.113.7/32", "effect.listings.0.delisted.0": "bl.example", "effect.listings.1": nil,
	})
	n.ask(t, call{line: "PATCH /v1/reporters/moderator?dry_run=1", as: control.RoleModerator, body: `{"weight":0}`, headers: []string{jsonBody}}, http.StatusForbidden)
	if !strings.Contains(n.log.String(), `msg="a key was used for more than it may"`) {
		t.Error("a moderator that exceeds its rights is not in the log")
	}
	n.admin(t, "PATCH /v1/reporters/reporter?dry_run=1", `{"weight":201}`, 400).wants(t, map[string]any{"field": "weight"})
	n.admin(t, "PATCH /v1/reporters/nobody?dry_run=1", `{"weight":0}`, 404)
	if now := n.do(t, call{line: "GET /v1/reporters/reporter", as: control.RoleAdmin}).Header().Get("ETag"); now != tag {
		t.Errorf("trying changed the reporter from %s to %s", tag, now)
	}
	n.ask(t, call{line: "GET /v1/check/203.0.113.7?format=json", as: control.RoleReader}, 200).wants(t, map[string]any{"listed": true})
	n.admin(t, "PATCH /v1/reporters/reporter", `{"probation":true}`, 200)
	n.ask(t, call{line: "GET /v1/check/203.0.113.7?format=json", as: control.RoleReader}, 200).wants(t, map[string]any{"listed": false})
	n.admin(t, "PATCH /v1/reporters/reporter?dry_run=1", `{"probation":false}`, 200).wants(t, map[string]any{
		"effect.listed": 1.0, "effect.listings.0.listed.0": "bl.example",
	})
}

func numberOf(t *testing.T, n *node, reporter string) scoring.ReporterNumber {
	t.Helper()
	r, known := n.book.Reporter(reporter)
	if !known {
		t.Fatalf("nobody is called %s", reporter)
	}
	return r.Number
}
