package reportapi_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// right is what a route asks for: a role, and one of some scopes.
type right struct {
	role   control.Role
	scopes []control.Scope
	self   bool // whoever it is about may as well
}

func rights() map[string]right {
	checks := right{role: control.RoleChecker, scopes: []control.Scope{control.ScopeCheck, control.ScopeRead}}
	reads := right{role: control.RoleReader, scopes: []control.Scope{control.ScopeRead}}
	reports := right{role: control.RoleReporter, scopes: []control.Scope{control.ScopeReport}}
	amends := right{role: control.RoleReporter, scopes: []control.Scope{control.ScopeReport, control.ScopeDelist}}
	oversees := right{role: control.RoleModerator, scopes: []control.Scope{control.ScopeRead}}
	moderates := right{role: control.RoleModerator, scopes: []control.Scope{control.ScopeDelist}}
	admin := right{role: control.RoleAdmin, scopes: []control.Scope{control.ScopeAdmin}}
	trusts := right{role: control.RoleModerator, scopes: []control.Scope{control.ScopeDelist, control.ScopeAdmin}} // for one change alone
	return map[string]right{
		"POST /v1/incidents":             reports,
		"GET /v1/incidents":              reads,
		"GET /v1/incidents/:ip/:id":      reads,
		"PATCH /v1/incidents/:ip/:id":    amends,
		"GET /v1/ips/:ip":                reads,
		"GET /v1/check/:ip":              checks,
		"GET /v1/blocklist":              reads,
		"GET /v1/explain":                reads,
		"GET /v1/digest":                 oversees,
		"GET /v1/exemptions":             moderates,
		"POST /v1/exemptions":            moderates,
		"DELETE /v1/exemptions":          moderates,
		"GET /v1/voids":                  moderates,
		"POST /v1/voids":                 moderates,
		"GET /v1/voids/:id":              moderates,
		"DELETE /v1/voids/:id":           moderates,
		"GET /v1/removals":               moderates,
		"GET /v1/removals/:id":           moderates,
		"POST /v1/removals/:id":          moderates,
		"GET /v1/protected":              admin,
		"GET /v1/protected/:name":        admin,
		"PUT /v1/protected/:name":        admin,
		"PATCH /v1/protected/:name":      admin,
		"DELETE /v1/protected/:name":     admin,
		"GET /v1/reporters":              admin,
		"POST /v1/reporters":             admin,
		"GET /v1/reporters/:name":        admin,
		"PATCH /v1/reporters/:name":      trusts,
		"GET /v1/keys":                   admin,
		"POST /v1/keys":                  admin,
		"DELETE /v1/keys/:id":            admin,
		"POST /v1/keys/:id/rotate":       admin,
		"POST /v1/keys/:id/pause":        admin,
		"DELETE /v1/keys/:id/pause":      admin,
		"GET /v1/policy":                 reads,
		"PATCH /v1/policy":               admin,
		"GET /v1/querylog":               admin,
		"POST /v1/querylog":              admin,
		"DELETE /v1/querylog":            admin,
		"GET /v1/backup":                 admin,
		"GET /v1/audit":                  admin,
		"GET /v1/privacy/:ip":            admin,
		"DELETE /v1/privacy/:ip":         admin,
		"GET /v1/webhooks":               admin,
		"POST /v1/webhooks":              admin,
		"DELETE /v1/webhooks/:name":      admin,
		"POST /v1/webhooks/:name/rotate": admin,
		"POST /v1/webhooks/:name/test":   admin,
		"GET /v1/rejected":               {role: control.RoleReporter, scopes: []control.Scope{control.ScopeReport, control.ScopeRead}},

		"GET /v1/organisations":               admin,
		"GET /v1/keys/:id":                    admin,
		"PATCH /v1/keys/:id":                  admin,
		"PUT /v1/reporters/:name/password":    {role: admin.role, scopes: admin.scopes, self: true},
		"DELETE /v1/reporters/:name/password": admin, // as it is asked here, without the old one
	}
}

// aboutRole is the role of the reporter that examples are about.
const aboutRole = control.RoleReader

// examples stand for the names in a route's path.
func examples() *strings.Replacer {
	return strings.NewReplacer(":ip", "203.0.113.7", ":id", "0123456789abcdef", ":name", string(aboutRole))
}

// TestRights asks every route for every role and every scope, from the routes
// that there are, so that none can be forgotten.
func TestRights(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	scoped := map[control.Scope]string{}
	for _, scope := range control.AllScopes() {
		_, key, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "admin", Scopes: control.ScopesOf(scope)})
		must(t, err)
		scoped[scope] = key
	}
	known := rights()
	for _, route := range n.routes() {
		line := route.Method + " " + route.Path
		if !strings.HasPrefix(route.Path, "/v1/") || route.Method == http.MethodHead {
			continue
		}
		right, listed := known[line]
		if !listed {
			t.Errorf("%s: nothing says here who may", line)
			continue
		}
		delete(known, line)
		line = examples().Replace(line)
		for _, role := range control.Roles() {
			wantMay(t, n, call{line: line, as: role, tolerated: true}, string(role), role.AtLeast(right.role) || right.self && role == aboutRole)
		}
		for scope, key := range scoped {
			bearer := call{line: line, headers: []string{"Authorization: Bearer " + key}, tolerated: true}
			wantMay(t, n, bearer, "admin with the scope "+string(scope), slices.Contains(right.scopes, scope))
		}
		if w := n.do(t, call{line: line}); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s without a key answers %d, WWW-Authenticate %q", line, w.Code, w.Header().Get("WWW-Authenticate"))
		}
	}
	for line := range known {
		t.Errorf("%s: there is no such route", line)
	}
}

func wantMay(t *testing.T, n *node, c call, who string, may bool) {
	t.Helper()
	w := n.do(t, c)
	if may == (w.Code == http.StatusForbidden) || w.Code == http.StatusUnauthorized {
		t.Errorf("%s as %s answers %d, and it may: %t; %s", c.line, who, w.Code, may, w.Body)
	}
}

// TestScope_within_a_report: what a report says may need more than the route.
func TestScope_within_a_report(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key := func(scopes ...control.Scope) []string {
		_, text, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "moderator", Scopes: control.ScopesOf(scopes...)})
		must(t, err)
		return []string{"Authorization: Bearer " + text}
	}
	narrow, wide := key(control.ScopeReport), key(control.ScopeReport, control.ScopeBulk, control.ScopeManual)
	two := `[{"ip":"203.0.113.7","kind":"ssh.maxauth"},{"ip":"203.0.113.8","kind":"ssh.maxauth"}]`
	lines := strings.NewReplacer("[", "", "]", "", "},{", "}\n{").Replace(two)
	for _, test := range []struct{ name, line, body, lacks string }{
		{"two in an array", "POST /v1/incidents", two, "bulk"},
		{"two lines", "POST /v1/incidents", lines, "bulk"},
		{"a moderator's kind", "POST /v1/incidents", `{"ip":"203.0.113.9","kind":"hacked.host"}`, "manual"},
		{"more points", "POST /v1/incidents", `{"ip":"203.0.113.9","kind":"ssh.maxauth","points":99}`, "manual"},
	} {
		refused := n.ask(t, call{line: test.line, body: test.body, headers: narrow, tolerated: true}, http.StatusForbidden)
		if detail := refused.at("detail").(string); !strings.Contains(detail, "the scope "+test.lacks) || !strings.Contains(detail, "this key's are report") {
			t.Errorf("%s: told %q", test.name, detail)
		}
		if hint := refused.at("hint").(string); !strings.Contains(hint, "penaltybox key add moderator --scope") {
			t.Errorf("%s: the hint is %q", test.name, hint)
		}
	}
	if found, _ := n.board.Recent(scoring.Filter{}, scoring.Cursor{}, 10); len(found) != 0 {
		t.Errorf("%d incidents were recorded though all were refused", len(found))
	}
	if w := n.do(t, call{line: "POST /v1/incidents", body: two, headers: wide, tolerated: true}); w.Code != http.StatusOK {
		t.Errorf("two reports with the scope bulk answer %d: %s", w.Code, w.Body)
	}
}

// TestKey_sources: a key that left the house is of no use elsewhere.
func TestKey_sources(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sources, err := control.ParseSources("198.51.100.0/24", "2001:db8:1::7")
	must(t, err)
	key, text, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reporter", Sources: sources})
	must(t, err)
	for from, want := range map[string]int{
		clientAddr:        http.StatusOK,
		"2001:db8:1::7":   http.StatusOK,
		"203.0.113.1":     http.StatusForbidden,
		"2001:db8:1::8":   http.StatusForbidden,
		"198.51.101.1":    http.StatusForbidden,
		"::ffff:cb00:710": http.StatusForbidden, // 203.0.7.16
	} {
		w := n.do(t, call{line: "GET /v1/policy", from: from, headers: []string{"X-Api-Key: " + text}})
		if w.Code != want {
			t.Errorf("from %s: %d, want %d", from, w.Code, want)
		}
	}
	if log := n.log.String(); !strings.Contains(log, "key_id="+key.ID) || !strings.Contains(log, "source=203.0.113.1") || strings.Contains(log, text) {
		t.Errorf("the log does not tell key and source, or tells the key's text:\n%s", log)
	}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, n.request(call{line: "GET /compat/abuseipdb/api/v2/check?ipAddress=203.0.113.7", from: "203.0.113.1", headers: []string{"Key: " + text}}))
	if w.Code != http.StatusForbidden {
		t.Errorf("an adapter answers %d, want 403", w.Code)
	}
}

// TestKey_ten_thousand_guesses: none is told more than a few times that it was
// wrong, the log stays short and never tells what was sent, and whoever has a
// key is not held up.
func TestKey_ten_thousand_guesses(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	keys := n.book.Keys()
	answers := map[int]int{}
	var sent []string
	for i := range 10_000 {
		id := "" // unknown
		if i%2 == 0 {
			id = keys[i%len(keys)].ID
		}
		guess, _ := control.NewToken(id)
		sent = append(sent, guess)
		w := httptest.NewRecorder()
		n.ServeHTTP(w, n.request(call{line: "GET /v1/policy", headers: []string{"Authorization: Bearer " + guess}}))
		answers[w.Code]++
	}
	if answers[http.StatusUnauthorized] != 20 || answers[http.StatusTooManyRequests] != 10_000-20 {
		t.Errorf("answers: %v", answers)
	}
	log := n.log.String()
	if count := strings.Count(log, "a key was not taken"); count != 20 {
		t.Errorf("%d lines in the log, want 20", count)
	}
	for _, guess := range sent {
		if strings.Contains(log, strings.Split(guess, "_")[2]) {
			t.Fatal("a secret is in the log")
		}
	}
	if w := n.do(t, call{line: "GET /v1/policy", as: control.RoleReader}); w.Code != http.StatusOK {
		t.Errorf("a good key from the same address answers %d", w.Code)
	}
}

// TestKey_revoked_in_use is told apart for those who watch.
func TestKey_revoked_in_use(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key, text, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reader"})
	must(t, err)
	_, err = n.registrar.RevokeKey(t.Context(), n.now(), key.ID)
	must(t, err)
	w := n.do(t, call{line: "GET /v1/policy", headers: []string{"Authorization: Bearer " + text}})
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a revoked key answers %d", w.Code)
	}
	log := n.log.String()
	for _, part := range []string{"reason=revoked", "key_id=" + key.ID, "reporter=reader", "source=" + clientAddr} {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not tell %s:\n%s", part, log)
		}
	}
	if metrics := n.do(t, call{line: "GET /metrics", from: "127.0.0.1"}).Body.String(); !strings.Contains(metrics, `penaltybox_http_keys_refused_total{reason="revoked"} 1`) {
		t.Error("the metrics do not count a revoked key in use")
	}
}
