package reportapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"penaltybox/scoring/control"
)

// fuzzBody sends foreign bytes to one route: they may be refused, but never
// end in a fault of ours.
func fuzzBody(f *testing.F, line string, as control.Role, contentType string, seeds ...string) {
	n := newNode(f)
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		n.endure(t, n.request(call{line: line, as: as, body: body, headers: []string{contentType}}))
	})
}

// endure makes a request that may be nonsense and wants an answer in order. It
// is much faster than holding the answer to openapi.yaml.
func (n *node) endure(t *testing.T, r *http.Request) {
	t.Helper()
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	kind := w.Header().Get("Content-Type")
	switch {
	case w.Code >= http.StatusInternalServerError:
		t.Errorf("%s answers %d: %s\n%s", r.URL, w.Code, w.Body, n.log)
	case w.Code >= http.StatusBadRequest:
		doc := decode(t, w.Body.Bytes())
		if kind != "application/problem+json" || doc.at("status") != float64(w.Code) || doc.at("detail") == nil || doc.at("request_id") == nil {
			t.Errorf("%s answers %d with %s: %s", r.URL, w.Code, kind, w.Body)
		}
	case kind == "application/json" && !json.Valid(w.Body.Bytes()):
		t.Errorf("%s answers %d with broken JSON: %s", r.URL, w.Code, w.Body)
	}
	n.log.Reset()
}

func FuzzIncidents_JSON(f *testing.F) {
	fuzzBody(f, "POST /v1/incidents", control.RoleAdmin, jsonBody,
		`{"ip":"203.0.113.7","kind":"ssh.maxauth","points":25,"ttl":"3s","note":"x","observed":"2026-11-22T10:00:00Z","id":"a"}`,
		five(",", "[", "]"), `[]`, `[{"ip":"203.0.113.1","kind":"ssh"}]`, `{"ip":{"a":1}}`, `{"ip":null}`, "\xef\xbb\xbf{}")
}

func FuzzIncidents_NDJSON(f *testing.F) {
	fuzzBody(f, "POST /v1/incidents?verdicts", control.RoleAdmin, ndjsonBody, five("\n", "", "\n"), "\n\n{}\n", "{\"ip\":\"203.0.113.7\",\"category\":\"ssh\",\"expires\":1795400000}\n[]\n")
}

func FuzzIncidents_form(f *testing.F) {
	fuzzBody(f, "POST /v1/incidents", control.RoleAdmin, formBody,
		"ip=203.0.113.7&kind=ssh.maxauth&points=25&ttl=3s&note=x+y", "ip=2001:db8::7&category=ssh&expires=1795400000", "%zz=1&=&a", five("\n", "", "\n"))
}

func FuzzIncidents_text(f *testing.F) {
	fuzzBody(f, "POST /v1/incidents?kind=ssh", control.RoleAdmin, textBody, "203.0.113.7\n2001:db8::7/64\n# note\n::ffff:1.2.3.4\n", "\r\n \n")
}

func FuzzPolicy(f *testing.F) {
	fuzzBody(f, "PATCH /v1/policy?dry_run", control.RoleAdmin, jsonBody,
		`{"set":{"threshold":"30","ttl":"3d","ssh.maxauth.points":25,"game.code":20,"game.cheat.points":1}}`, `{"set":{}}`, `{"set":null}`)
}

func FuzzExemptions(f *testing.F) {
	fuzzBody(f, "POST /v1/exemptions", control.RoleAdmin, jsonBody,
		`{"prefix":"203.0.113.0/24","reason":"x","ttl":"1d","force":true}`, `{"prefix":"::ffff:10.0.0.0/104","reason":"x"}`, `{"prefix":"::/0","reason":"x","expires":1}`)
}

// FuzzTargets sends foreign paths and queries to every look-up.
func FuzzTargets(f *testing.F) {
	n := newNode(f)
	f.Add("203.0.113.7", "format=json&zone=bl.example")
	f.Add("2001:db8::7%25eth0", "cursor=1_0000000000000000_::1&limit=3&since=3d")
	f.Add("::ffff:1.2.3.4", "threshold=30&category=ssh,web&family=4")
	f.Add("..", "ip=0.0.0.0/0&withdrawn")
	f.Fuzz(func(t *testing.T, ip, query string) {
		for _, path := range []string{"/v1/check/" + ip, "/v1/ips/" + ip, "/v1/incidents/" + ip + "/0123456789abcdef", "/v1/incidents", "/v1/blocklist"} {
			r := n.request(call{line: "GET /", as: control.RoleAdmin})
			r.URL.Path, r.URL.RawQuery = path, query
			n.endure(t, r)
		}
	})
}
