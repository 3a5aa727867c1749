package reportapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

func TestKey_open_routes_need_none(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, path := range []string{"/healthz", "/readyz", "/version", "/openapi.yaml"} {
		if w := n.do(t, call{line: "GET " + path}); w.Code != http.StatusOK {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
}

func TestKey_that_is_not_taken_says_why(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	good := n.keys[control.RoleReader]
	stranger, _ := control.NewToken("")
	revoked, revokedText, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reader"})
	must(t, err)
	_, err = n.registrar.RevokeKey(t.Context(), n.now(), revoked.ID)
	must(t, err)
	_, expiring, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reader", Expires: n.now().Add(time.Minute)})
	must(t, err)
	n.wait(time.Minute)
	_, disabled, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "moderator"})
	must(t, err)
	_, err = n.registrar.ChangeReporter(t.Context(), "moderator", func(r *control.Reporter) { r.Disabled = true })
	must(t, err)

	for text, detail := range map[string]string{
		"Bearer " + stranger:                          "not known",
		"Bearer " + good[:20]:                         "not a whole key",
		"Bearer " + good[:30] + "a" + good[31:] + "x": "not a whole key",
		"Bearer " + revokedText:                       "revoked",
		"Bearer " + expiring:                          "expired",
		"Bearer " + disabled:                          "disabled",
		"Basic cGJ4OnBieA==":                          "needs a key",
		"Bearer ":                                     "needs a key",
		"":                                            "needs a key",
	} {
		answer := n.ask(t, call{line: "GET /v1/policy", headers: []string{"Authorization: " + text}}, http.StatusUnauthorized)
		if got, _ := answer.at("detail").(string); !strings.Contains(got, detail) {
			t.Errorf("key %.12q…: detail %q does not say %q", text, got, detail)
		}
	}
}

func TestKey_is_taken_from_either_header_and_nowhere_else(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key := n.keys[control.RoleReader]
	for header, status := range map[string]int{
		"Authorization: Bearer " + key: 200, "Authorization: bearer " + key: 200, "X-Api-Key: " + key: 200,
		"Cookie: key=" + key: 401,
	} {
		if w := n.do(t, call{line: "GET /v1/policy", headers: []string{header}}); w.Code != status {
			t.Errorf("%s answers %d, want %d", header[:14], w.Code, status)
		}
	}
	if w := n.do(t, call{line: "GET /v1/policy?key=" + key}); w.Code != http.StatusUnauthorized {
		t.Errorf("a key in the query answers %d", w.Code)
	}
}

func TestKey_never_reaches_the_log(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key := n.keys[control.RoleReporter]
	secret := strings.Split(key, "_")[2]
	n.do(t, call{line: "POST /v1/incidents?key=" + key, as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh&note=private-words", headers: []string{formBody}})
	n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh&note=private-words", headers: []string{formBody}})
	log := n.log.String()
	if !strings.Contains(log, "reporter=reporter") || !strings.Contains(log, "route=/v1/incidents") {
		t.Fatalf("the log does not tell of the requests: %s", log)
	}
	if strings.Contains(log, secret) || strings.Contains(log, "private-words") {
		t.Errorf("the log holds a key or a note: %s", log)
	}
}

// A report of its own sender is ignored; a forged header must not turn that
// on for others, nor off for oneself.
func TestClientAddr_forged_headers_are_ignored(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, header := range []string{"X-Forwarded-For: 203.0.113.7", "X-Real-Ip: 203.0.113.7", "Forwarded: for=203.0.113.7", "Cf-Connecting-Ip: 203.0.113.7"} {
		n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody, header}}, 201)
	}
}

func TestClientAddr_trusted_proxies_are_believed_hop_by_hop(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	})
	for name, want := range map[string]struct {
		from, ip string
		headers  []string
		ignored  bool
	}{
		"through one proxy":            {"192.0.2.80", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7"}, true},
		"through two":                  {"192.0.2.80", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7, 192.0.2.81"}, true},
		"IPv6 proxy":                   {"2001:db8:ffff::1", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7"}, true},
		"the client forged the first":  {"192.0.2.80", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7, 198.51.100.9"}, false},
		"in a header line of its own":  {"192.0.2.80", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 198.51.100.9"}, false},
		"rubbish is not looked behind": {"192.0.2.80", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7, unknown"}, false},
		"not through a proxy":          {"198.51.100.9", "203.0.113.7", []string{"X-Forwarded-For: 203.0.113.7"}, false},
	} {
		w := n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=" + want.ip + "&kind=ssh", headers: append(want.headers, formBody), from: want.from})
		if ignored := w.Code == 200; ignored != want.ignored {
			t.Errorf("%s: answers %d: %s", name, w.Code, w.Body)
		}
	}
}

func TestClientAddr_without_an_address_nothing_is_own(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody, "X-Forwarded-For: 203.0.113.7"}})
	r.RemoteAddr = "@" // a Unix socket's peer
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		t.Errorf("answers %d: %s", w.Code, w.Body)
	}
}
