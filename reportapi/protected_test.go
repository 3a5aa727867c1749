package reportapi_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// A set spares who was listed, at once; every look-up names it, and says so
// also of whoever was never reported.
func TestProtected_lookups(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	put := call{line: "PUT /v1/protected/our-cdn?title=our+CDN&dry_run", as: control.RoleAdmin, body: "203.0.113.0/24\n", headers: []string{"Content-Type: text/plain"}}
	said := n.ask(t, put, 200)
	said.wants(t, map[string]any{
		"set.name": "our-cdn", "set.action": "never-list", "set.prefixes": 1.0, "set.date": "2026-11-22", "set.by": "admin",
		"changes.delisted_total": 2.0, "changes.delisted.0.prefix": "203.0.113.7/32", "changes.listed_total": 0.0,
	})
	check := call{line: "GET /v1/check/203.0.113.7", as: control.RoleReader}
	if w := n.do(t, check); !strings.HasPrefix(w.Body.String(), "listed ") {
		t.Fatalf("a dry run did it: %s", w.Body)
	}
	put.line = "PUT /v1/protected/our-cdn?title=our+CDN"
	n.ask(t, put, 200).wants(t, map[string]any{"changes.delisted_total": 2.0})
	if w := n.do(t, check); w.Body.String() != "clean; would be listed, protected by our-cdn\n" {
		t.Errorf("check answers %q", w.Body)
	}
	n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleReader}, 200).wants(t, map[string]any{
		"exempt.set": "our-cdn", "protected.0.set": "our-cdn", "protected.0.action": "never-list", "protected.0.reason": "our CDN",
		"zones.0.listed": false, "zones.0.score": 60.0, "zones.0.exempt.set": "our-cdn",
	})
	n.ask(t, call{line: "GET /v1/ips/9.9.9.9", as: control.RoleReader}, 200).wants(t, map[string]any{"protected.0.set": "public-resolvers"})
	if w := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader}); w.Body.String() != "" {
		t.Errorf("the list says %q", w.Body)
	}
	n.ask(t, call{line: "PATCH /v1/protected/our-cdn?dry_run", as: control.RoleAdmin, body: `{"on":false}`, headers: []string{jsonBody}}, 200).wants(t, map[string]any{
		"set.on": false, "changes.listed_total": 2.0, "changes.listed.0.prefix": "203.0.113.7/32",
	})
	n.ask(t, call{line: "GET /v1/protected/our-cdn", as: control.RoleAdmin}, 200).wants(t, map[string]any{"on": true, "list.0.prefix": "203.0.113.0/24"})
	if w := n.do(t, call{line: "DELETE /v1/protected/our-cdn", as: control.RoleAdmin}); w.Code != http.StatusNoContent {
		t.Errorf("removing it answers %d: %s", w.Code, w.Body)
	}
	if w := n.do(t, check); !strings.HasPrefix(w.Body.String(), "listed ") {
		t.Errorf("without the set: %q", w.Body)
	}
}

// The answer to a report names the set that refuses it.
func TestProtected_reports(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "PUT /v1/protected/our-cdn?action=refuse", as: control.RoleAdmin, body: "203.0.113.0/24\n", headers: []string{"Content-Type: text/plain"}}, 200)
	report := call{line: "POST /v1/incidents", as: control.RoleAdmin, body: "ip=203.0.113.7&kind=ssh.maxauth", headers: []string{formBody}}
	n.ask(t, report, 403).wants(t, map[string]any{
		"field": "ip", "value": "203.0.113.7",
		"detail": `ip "203.0.113.7": is protected by our-cdn: protected set our-cdn (203.0.113.0/24)`,
	})
	n.ask(t, call{line: "PATCH /v1/protected/our-cdn", as: control.RoleAdmin, body: `{"action":"admin-only"}`, headers: []string{jsonBody}}, 200)
	report.as = control.RoleReporter
	n.ask(t, report, 403)
	report.as = control.RoleModerator
	n.ask(t, report, 201)
}

// Whatever is wrong with a list, or with who sends it, nothing changes.
func TestProtected_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "PUT /v1/protected/our-cdn", as: control.RoleAdmin, body: "203.0.113.0/24\n", headers: []string{"Content-Type: text/plain"}}, 200)
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	for range 20 {
		_, err := w.Write(bytes.Repeat([]byte("#"), 1<<20))
		must(t, err)
	}
	must(t, w.Close())
	for _, test := range []struct {
		call
		status int
		detail string
	}{
		{call{line: "PUT /v1/protected/our-cdn", body: "0.0.0.0/0\n"}, 400, `line 1: "0.0.0.0/0": would protect a large part`},
		{call{line: "PUT /v1/protected/our-cdn", body: "203.0.113.0/24\n203.0.113.0/24\n"}, 400, "line 2: "},
		{call{line: "PUT /v1/protected/our-cdn", body: `{"list":["203.0.113.0/24"`}, 400, "broken JSON"},
		{call{line: "PUT /v1/protected/our-cdn", body: strings.Repeat("x\n", 1<<20)}, 400, "line 10: "},
		{call{line: "PUT /v1/protected/our-cdn", body: strings.Repeat("#\n", 9<<20)}, 413, "larger than"},
		{call{line: "PUT /v1/protected/our-cdn", body: bomb.String(), headers: []string{"Content-Encoding: gzip"}}, 413, ""},
		{call{line: "PUT /v1/protected/our-cdn", body: bomb.String()}, 400, "it is compressed"},
		{call{line: "PUT /v1/protected/our-cdn", body: `{"list":["203.0.113.0/24",[`}, 400, "stands in the list"},
		{call{line: "PUT /v1/protected/our-cdn", body: `{"x":` + strings.Repeat("[", 1<<20)}, 400, "broken JSON"},
		{call{line: "PUT /v1/protected/our-cdn?force=1", body: "\xff\xfe1\x000\x00.\x00"}, 400, "UTF-16"},
		{call{line: "PUT /v1/protected/our-cdn", body: "0.0.0.0/1\n128.0.0.0/1\n::/1\n8000::/1\n"}, 400, `line 4: "8000::/1": would protect a large part`},
		{call{line: "PUT /v1/protected/our-cdn", body: ""}, 400, "holds no prefix"},
		{call{line: "PUT /v1/protected/our-cdn?action=shun", body: "198.51.100.0/24\n"}, 400, `action "shun"`},
		{call{line: "PUT /v1/protected/our-cdn?date=soon", body: "198.51.100.0/24\n"}, 400, "no day"},
		{call{line: "PUT /v1/protected/Our-CDN", body: "198.51.100.0/24\n"}, 400, `name "Our-CDN"`},
		{call{line: "PUT /v1/protected/our-cdn", as: control.RoleModerator, body: "198.51.100.0/24\n"}, 403, "this needs admin"},
		{call{line: "PATCH /v1/protected/our-cdn", body: `{"action":"shun"}`}, 400, `action "shun"`},
		{call{line: "PATCH /v1/protected/our-cdn", body: `{}`}, 400, "nothing to change"},
		{call{line: "PATCH /v1/protected/nobody", body: `{"on":true}`}, 404, "nobody"},
		{call{line: "GET /v1/protected/nobody"}, 404, "nobody"},
		{call{line: "DELETE /v1/protected/nobody"}, 404, "nobody"},
		{call{line: "DELETE /v1/protected/cloudflare"}, 409, "turn it off"},
	} {
		if test.as == "" {
			test.as = control.RoleAdmin
		}
		test.tolerated = true
		detail, _ := n.ask(t, test.call, test.status).at("detail").(string)
		if !strings.Contains(detail, test.detail) || len(detail) > 1000 {
			t.Errorf("%s: %q, want %q", test.line, detail, test.detail)
		}
	}
	n.ask(t, call{line: "GET /v1/protected/our-cdn", as: control.RoleAdmin}, 200).wants(t, map[string]any{"list.0.prefix": "203.0.113.0/24", "prefixes": 1.0})
}
