package reportapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	const origin = "https://forum.example"
	ask := func(n *node, line, origin string, headers ...string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		n.ServeHTTP(w, n.request(call{line: line, as: control.RoleReader, headers: append(headers, "Origin: "+origin)}))
		return w
	}
	named := newNode(t, func(c *reportapi.Config) { c.CORSOrigins = []string{"http://other.example:8080", origin} })
	all := newNode(t, func(c *reportapi.Config) { c.CORSOrigins = []string{"*"} })
	none := newNode(t)
	for _, test := range []struct {
		n                    *node
		line, origin, allows string
	}{
		{named, "GET /v1/check/203.0.113.7", origin, origin},
		{named, "HEAD /v1/check/203.0.113.7", origin, origin},
		{named, "GET /v1/ips/203.0.113.7", origin, origin},
		{named, "GET /v1/ips/nonsense", origin, origin}, // its page may read what was wrong
		{named, "GET /v1/check/203.0.113.7", "https://evil.example", ""},
		{named, "GET /v1/check/203.0.113.7", origin + ".evil.example", ""},
		{named, "GET /v1/check/203.0.113.7", "null", ""},
		{named, "GET /v1/blocklist", origin, ""},
		{named, "GET /v1/incidents", origin, ""},
		{all, "GET /v1/check/203.0.113.7", "https://any.example", "*"},
		{none, "GET /v1/check/203.0.113.7", origin, ""},
	} {
		w := ask(test.n, test.line, test.origin)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != test.allows || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s from %s allows %q, want %q", test.line, test.origin, got, test.allows)
		}
	}
	asks := []string{"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization"}
	w := ask(named, "OPTIONS /v1/check/203.0.113.7", origin, asks...)
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Methods") != "GET, HEAD" || w.Header().Get("Access-Control-Allow-Headers") == "" || w.Header().Get("Access-Control-Max-Age") == "" {
		t.Errorf("a preflight is answered %d, %v", w.Code, w.Header())
	}
	for _, foreign := range []*httptest.ResponseRecorder{
		ask(named, "OPTIONS /v1/check/203.0.113.7", "https://evil.example", asks...),
		ask(named, "OPTIONS /v1/incidents", origin, asks...),
		ask(none, "OPTIONS /v1/check/203.0.113.7", origin, asks...),
		ask(named, "OPTIONS /v1/check/203.0.113.7", origin),
	} {
		if foreign.Code != http.StatusMethodNotAllowed || foreign.Header().Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("a foreign preflight is answered %d, %v", foreign.Code, foreign.Header())
		}
	}
}

func TestCheckOrigins(t *testing.T) {
	t.Parallel()
	if err := reportapi.CheckOrigins([]string{"*", "https://forum.example", "http://127.0.0.1:3000", "https://[2001:db8::1]"}); err != nil {
		t.Error(err)
	}
	for _, origin := range []string{"", "forum.example", "https://forum.example/", "https://forum.example/x", "https://Forum.example", "ftp://forum.example", "https://u@forum.example", "null", "https://*.example/?"} {
		if err := reportapi.CheckOrigins([]string{origin}); err == nil {
			t.Errorf("%q is taken", origin)
		}
	}
}
