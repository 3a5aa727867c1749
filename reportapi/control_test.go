package reportapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func (n *node) admin(t *testing.T, line, body string, status int) document {
	t.Helper()
	return n.ask(t, call{line: line, as: control.RoleAdmin, body: body, headers: []string{jsonBody}}, status)
}

func TestReporters_are_made_changed_and_told(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.admin(t, "POST /v1/reporters", `{"name":"web1"}`, 201).wants(t, map[string]any{"name": "web1", "role": "reporter", "disabled": false, "number": 7.0})
	n.admin(t, "PATCH /v1/reporters/web1", `{"role":"moderator"}`, 200).wants(t, map[string]any{"role": "moderator", "number": 7.0})
	n.admin(t, "PATCH /v1/reporters/web1", `{"disabled":true}`, 200).wants(t, map[string]any{"role": "moderator", "disabled": true})
	n.ask(t, call{line: "GET /v1/reporters", as: control.RoleAdmin}, 200).wants(t, map[string]any{"reporters.0.name": "admin", "reporters.5.name": "web1", "reporters.5.disabled": true})
}

func TestKeys_are_shown_once_and_end_at_once(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	made := n.admin(t, "POST /v1/keys", `{"reporter":"reporter","label":"fail2ban on web1","ttl":"30d"}`, 201)
	made.wants(t, map[string]any{"reporter": "reporter", "role": "reporter", "label": "fail2ban on web1", "expires": "2026-12-22T10:00:00Z"})
	key, id := made.at("key").(string), made.at("id").(string)
	use := call{line: "GET /v1/policy", headers: []string{"X-Api-Key: " + key}}
	n.ask(t, use, 200)

	told := n.do(t, call{line: "GET /v1/keys?reporter=reporter", as: control.RoleAdmin}).Body.String()
	if !strings.Contains(told, id) || strings.Contains(told, strings.Split(key, "_")[2]) || strings.Contains(told, "hash") {
		t.Errorf("the keys are told as %s", told)
	}
	n.ask(t, call{line: "DELETE /v1/keys/" + id, as: control.RoleAdmin}, 200).wants(t, map[string]any{"id": id, "revoked": "2026-11-22T10:00:00Z"})
	n.ask(t, use, http.StatusUnauthorized)
}

func TestControl_refusals_name_the_field(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	long := strings.Repeat("x", 201)
	for _, want := range []struct {
		line, body string
		status     int
		field      any
	}{
		{"POST /v1/reporters", `{"name":"Web 1"}`, 400, "name"},
		{"POST /v1/reporters", `{}`, 400, "name"},
		{"POST /v1/reporters", `{"name":"web1","role":"king"}`, 400, "role"},
		{"POST /v1/reporters", `{"name":"web1","rloe":"admin"}`, 400, "rloe"},
		{"POST /v1/reporters", `{"name":"admin"}`, 409, nil},
		{"PATCH /v1/reporters/reader", `{}`, 400, nil},
		{"PATCH /v1/reporters/reader", `{"role":"king"}`, 400, "role"},
		{"PATCH /v1/reporters/reader", `{"role":"","weight":50}`, 400, "role"},
		{"POST /v1/keys", `{"reporter":"reader","role":""}`, 400, "role"},
		{"PATCH /v1/protected/cloudflare", `{"on":true,"action":""}`, 400, "action"},
		{"PATCH /v1/reporters/reader", `{"disabled":"yes"}`, 400, "disabled"},
		{"PATCH /v1/reporters/nobody", `{"disabled":true}`, 404, nil},
		{"PATCH /v1/reporters/admin", `{"disabled":true}`, 409, nil},
		{"POST /v1/keys", `{}`, 400, "reporter"},
		{"POST /v1/keys", `{"reporter":"nobody"}`, 404, nil},
		{"POST /v1/keys", `{"reporter":"reader","role":"admin"}`, 400, "role"},
		{"POST /v1/keys", `{"reporter":"reader","role":"king"}`, 400, "role"},
		{"POST /v1/keys", `{"reporter":"reader","label":"` + long + `"}`, 400, "label"},
		{"POST /v1/keys", `{"reporter":"reader","ttl":"soon"}`, 400, "ttl"},
		{"POST /v1/keys", `{"reporter":"reader","expires":"2020-01-01T00:00:00Z"}`, 400, "expires"},
		{"POST /v1/keys", `{"reporter":"reader","expires":"2027-01-01T00:00:00Z","ttl":"1d"}`, 400, "expires"},
		{"DELETE /v1/keys/nothere2", ``, 404, nil},
		{"POST /v1/exemptions", `{"reason":"x"}`, 400, "prefix"},
		{"POST /v1/exemptions", `{"prefix":"nonsense","reason":"x"}`, 400, "prefix"},
		{"POST /v1/exemptions", `{"prefix":"203.0.113.7"}`, 400, "reason"},
		{"POST /v1/exemptions", `{"prefix":"203.0.113.7","reason":"` + long + `"}`, 400, "reason"},
		{"POST /v1/exemptions", `{"prefix":"203.0.113.7","reason":"x","expires":"2020-01-01T00:00:00Z"}`, 400, "expires"},
		{"POST /v1/exemptions", `{"prefix":"0.0.0.0/1","reason":"x"}`, 400, "prefix"},
		{"POST /v1/exemptions", `{"prefix":"203.0.113.7","reason":"x","for":"1d"}`, 400, "for"},
		{"DELETE /v1/exemptions", ``, 400, "prefix"},
		{"DELETE /v1/exemptions?prefix=203.0.113.7", ``, 404, nil},
		{"PATCH /v1/policy", `{}`, 400, "set"},
		{"PATCH /v1/policy", `{"set":"threshold=3"}`, 400, "set"},
		{"PATCH /v1/policy", `{"threshold":3}`, 400, "threshold"},
		{"PATCH /v1/policy", `{"set":{"threshold":"0"}}`, 400, "threshold"},
		{"PATCH /v1/policy", `{"set":{"treshold":"30"}}`, 400, "treshold"},
		{"PATCH /v1/policy", `{"set":{"ssh.maxauth.points":"many"}}`, 400, "ssh.maxauth.points"},
		{"PATCH /v1/policy?dryrun=1", `{"set":{"threshold":"30"}}`, 400, "dryrun"},
	} {
		answer := n.admin(t, want.line, want.body, want.status)
		if got := answer.at("field"); got != want.field {
			t.Errorf("%s %s: field is %v, want %v (%v)", want.line, want.body, got, want.field, answer.at("detail"))
		}
	}
}

func TestControl_nobody_locks_itself_out(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	id := strings.Split(n.keys[control.RoleAdmin], "_")[1]
	n.ask(t, call{line: "DELETE /v1/keys/" + id, as: control.RoleAdmin}, http.StatusConflict)
	n.admin(t, "PATCH /v1/reporters/admin", `{"role":"reader"}`, http.StatusConflict)
	n.ask(t, call{line: "GET /v1/keys", as: control.RoleAdmin}, 200)
}

// What a ledger cannot write must not look like a mistake of the caller.
func TestControl_faults_of_the_ledger_are_no_refusals(t *testing.T) {
	t.Parallel()
	for fault, status := range map[error]int{
		fmt.Errorf("disk full: %w", scoring.ErrUnavailable): 503,
		errors.New("something unheard of"):                  500,
	} {
		n := newNode(t)
		n.ledger.failWith(fault)
		for line, body := range map[string]string{
			"POST /v1/reporters":         `{"name":"web1"}`,
			"PATCH /v1/reporters/reader": `{"disabled":true}`,
			"POST /v1/keys":              `{"reporter":"reader"}`,
			"POST /v1/exemptions":        `{"prefix":"203.0.113.7","reason":"x"}`,
			"PATCH /v1/policy":           `{"set":{"threshold":"30"}}`,
		} {
			n.admin(t, line, body, status).wants(t, map[string]any{"field": nil})
		}
		if !strings.Contains(n.log.String(), fault.Error()) {
			t.Errorf("the log does not tell of %q", fault)
		}
	}
}

func TestExemptions_are_made_told_and_ended(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.admin(t, "POST /v1/exemptions", `{"prefix":"::ffff:203.0.113.9","reason":"printer"}`, 201).wants(t, map[string]any{"prefix": "203.0.113.9/32", "delisted.0": nil, "expires": nil})
	n.admin(t, "POST /v1/exemptions", `{"prefix":"203.0.113.7/24","reason":"office","ttl":"7d"}`, 201).wants(t, map[string]any{
		"prefix": "203.0.113.0/24", "expires": "2026-11-29T10:00:00Z", "delisted.0": "bl.example", "delisted.1": "ssh.example",
	})
	n.admin(t, "POST /v1/exemptions", `{"prefix":"0.0.0.0/1","reason":"test","force":true}`, 201)
	n.ask(t, call{line: "GET /v1/exemptions", as: control.RoleModerator}, 200).wants(t, map[string]any{"exemptions.1.reason": "office", "exemptions.2.reason": "printer", "exemptions.3": nil})
	for _, prefix := range []string{"203.0.113.9", "203.0.113.0/24", "0.0.0.0/1"} {
		if w := n.do(t, call{line: "DELETE /v1/exemptions?prefix=" + prefix, as: control.RoleModerator}); w.Code != http.StatusNoContent {
			t.Errorf("ending %s answers %d: %s", prefix, w.Code, w.Body)
		}
	}
	n.ask(t, call{line: "GET /v1/check/203.0.113.7?format=json", as: control.RoleReader}, 200).wants(t, map[string]any{"listed": true})
}

func TestPolicy_is_tried_before_it_is_set(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=web.wordpress")
	change := `{"set":{"threshold":"30","ssh.maxauth.points":25}}`
	tried := n.admin(t, "PATCH /v1/policy?dry_run=1", change, 200)
	tried.wants(t, map[string]any{
		"policy.threshold": 30.0, "policy.version": 0.0,
		"changes.listed_total": 1.0, "changes.listed.0.zone": "bl.example", "changes.listed.0.prefix": "203.0.113.7/32", "changes.delisted_total": 0.0,
	})
	n.ask(t, call{line: "GET /v1/policy", as: control.RoleReader}, 200).wants(t, map[string]any{"threshold": 50.0, "version": 0.0})

	n.admin(t, "PATCH /v1/policy", change, 200).wants(t, map[string]any{"policy.version": 1.0, "changes.listed_total": 1.0})
	n.ask(t, call{line: "GET /v1/check/203.0.113.7?format=json", as: control.RoleReader}, 200).wants(t, map[string]any{"listed": true, "threshold": 30.0})
	n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth").wants(t, map[string]any{"points": 25.0})
	n.admin(t, "PATCH /v1/policy", `{"set":{"threshold":"50"}}`, 200).wants(t, map[string]any{"policy.version": 2.0, "changes.delisted_total": 1.0})
}

func TestPolicy_settings_are_made_all_or_none(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.admin(t, "PATCH /v1/policy", `{"set":{"threshold":"30","nonsense":"1"}}`, 400)
	n.ask(t, call{line: "GET /v1/policy", as: control.RoleReader}, 200).wants(t, map[string]any{"threshold": 50.0})
	n.admin(t, "PATCH /v1/policy", `{"set":{"game.code":"20","game.cheat.points":"15"}}`, 200)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=game.cheat").wants(t, map[string]any{"points": 15.0, "category": "game"})
}

// A patch may be called what it is.
func TestControl_merge_patch(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "PATCH /v1/reporters/reporter", as: control.RoleAdmin, body: `{"disabled":true}`, headers: []string{"Content-Type: application/merge-patch+json"}, tolerated: true}, 200).
		wants(t, map[string]any{"disabled": true})
}

// Programs write a time that they do not have as the year 1; that is no way to
// have something last for ever, and a prefix with a zone is none.
func TestControl_times_and_prefixes_that_are_none(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const zero = "0001-01-01T00:00:00Z"
	for _, asked := range []struct{ line, body, field string }{
		{"POST /v1/keys", `{"reporter":"reader","expires":"` + zero + `"}`, "expires"},
		{"POST /v1/exemptions", `{"prefix":"203.0.113.0/24","reason":"ours","expires":"` + zero + `"}`, "expires"},
		{"POST /v1/voids", `{"reporter":"reporter","reason":"x","to":"` + zero + `"}`, "to"},
		{"GET /v1/audit?until=" + zero, "", "until"},
		{"GET /v1/digest?since=" + zero, "", "since"},
		{"POST /v1/exemptions", `{"prefix":"2001:db8:77::1%eth0/32","reason":"ours"}`, "prefix"},
		{"POST /v1/exemptions", `{"prefix":"2001:db8:77::1%eth0","reason":"ours"}`, "prefix"},
		{"POST /v1/exemptions", `{"prefix":"::ffff:203.0.113.77/64","reason":"ours"}`, "prefix"},
		{"POST /v1/exemptions", `{"prefix":"::ffff:0:0/90","reason":"ours"}`, "prefix"},
		{"GET /v1/incidents?ip=fe80::1%25eth0", "", "ip"},
	} {
		n.ask(t, call{line: asked.line, as: control.RoleAdmin, body: asked.body, headers: []string{jsonBody}}, 400).wants(t, map[string]any{"field": asked.field})
	}
}
