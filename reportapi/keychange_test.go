package reportapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// An admin narrows a key that is in use, and it holds with the next request;
// its text stays.
func TestPatchKey(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key, text, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reporter", Label: "old"})
	must(t, err)
	line := "/v1/keys/" + key.ID
	patch := func(body string, status int) document {
		t.Helper()
		return n.ask(t, call{line: "PATCH " + line, as: control.RoleAdmin, body: body, tolerated: true}, status)
	}
	use := func(status int) {
		t.Helper()
		if w := n.do(t, call{line: "GET /v1/policy", headers: []string{"X-Api-Key: " + text}}); w.Code != status {
			t.Errorf("the key answers %d, want %d: %s", w.Code, status, w.Body)
		}
	}
	patch(`{"label":"new disk","ttl":"1h"}`, http.StatusOK).wants(t, map[string]any{"label": "new disk", "expires": "2026-11-22T11:00:00Z", "scopes": nil})
	use(http.StatusOK)
	patch(`{"scopes":["report","bulk"]}`, http.StatusOK).wants(t, map[string]any{"label": "new disk", "scopes.1": "bulk", "expires": "2026-11-22T11:00:00Z"})
	use(http.StatusForbidden)
	patch(`{"scopes":[],"sources":["203.0.113.0/24"]}`, http.StatusOK).wants(t, map[string]any{"scopes": nil, "sources.0": "203.0.113.0/24"})
	use(http.StatusForbidden)
	patch(`{"sources":""}`, http.StatusOK).wants(t, map[string]any{"sources": nil})
	use(http.StatusOK)

	patch(`{"addresses_per_hour":5,"listings_per_day":"off"}`, http.StatusOK).wants(t, map[string]any{"addresses_per_hour": 5.0, "listings_per_day": 0.0, "reports_per_minute": nil})
	patch(`{"addresses_per_hour":null,"listings_per_day":"policy"}`, http.StatusOK).wants(t, map[string]any{"addresses_per_hour": nil, "listings_per_day": nil})

	n.wait(2 * time.Hour)
	use(http.StatusUnauthorized)
	patch(`{"label":"late"}`, http.StatusOK) // which an expired key may have
	use(http.StatusUnauthorized)
	patch(`{"expires":null}`, http.StatusOK).wants(t, map[string]any{"expires": nil, "label": "late"})
	use(http.StatusOK)

	for body, told := range map[string]string{
		`{}`: "nothing to change", `{"role":"admin"}`: "is no field", `{"scopes":["admin"]}`: "more than the role reporter may",
		`{"scopes":["all"]}`: "want some of", `{"addresses_per_hour":-1}`: "want a number up to", `{"listings_per_day":1000001}`: "want a number up to", `{"sources":["203.0.113.7/24"]}`: "want a network", `{"ttl":"1h","expires":"2027-01-01T00:00:00Z"}`: "beside ttl",
		`{"expires":"2020-01-01T00:00:00Z"}`: "lies in the past", `{"label":"` + strings.Repeat("x", 101) + `"}`: "at most 100",
	} {
		if detail := patch(body, http.StatusBadRequest).at("detail").(string); !strings.Contains(detail, told) {
			t.Errorf("%s: told %q, want %q", body, detail, told)
		}
	}
	must(t, ignoring(n.registrar.RevokeKey(t.Context(), n.now(), key.ID)))
	patch(`{"label":"back"}`, http.StatusConflict)
	use(http.StatusUnauthorized)
	n.ask(t, call{line: "PATCH /v1/keys/nobodys0", as: control.RoleAdmin, body: `{"label":"x"}`, tolerated: true}, http.StatusNotFound)
}

func ignoring[T any](_ T, err error) error { return err }

// Two admins do not undo each other's work unseen.
func TestPatchKey_ifMatch(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key, _, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reporter"})
	must(t, err)
	line := "/v1/keys/" + key.ID
	read := n.do(t, call{line: "GET " + line, as: control.RoleAdmin}).Header().Get("ETag")
	patch := func(tag, label string) int {
		return n.do(t, call{line: "PATCH " + line, as: control.RoleAdmin, body: `{"label":"` + label + `"}`, headers: []string{jsonBody, "If-Match: " + tag}}).Code
	}
	if first, second := patch(read, "one"), patch(read, "two"); first != http.StatusOK || second != http.StatusPreconditionFailed {
		t.Errorf("answers %d and %d, want 200 and 412", first, second)
	}
	if now, _ := n.book.Key(key.ID); now.Label != "one" {
		t.Errorf("the label is %q", now.Label)
	}
	if any := patch("*", "three"); any != http.StatusOK {
		t.Errorf("If-Match: * answers %d", any)
	}
}

// An admin does not lock itself out.
func TestPatchKey_own(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	own := "PATCH /v1/keys/" + strings.Split(n.keys[control.RoleAdmin], "_")[1]
	for body, status := range map[string]int{`{"scopes":["read"]}`: 409, `{"ttl":"1s"}`: 409, `{"reports_per_minute":0}`: 409, `{"sources":["203.0.113.0/24"]}`: 409, `{"label":"mine"}`: 200} {
		n.ask(t, call{line: own, as: control.RoleAdmin, body: body, headers: []string{jsonBody}}, status)
	}
}

// Every request with a key tells its use, and none without, or with a wrong one.
func TestKeyUsed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	uses := map[string]int{}
	n := newNode(t, func(c *reportapi.Config) {
		c.KeyUsed = func(_ time.Time, id string, source netip.Addr) {
			mu.Lock()
			defer mu.Unlock()
			uses[id+" "+source.String()]++
		}
	})
	n.do(t, call{line: "GET /v1/policy", as: control.RoleReader})
	n.do(t, call{line: "GET /v1/policy"})
	n.do(t, call{line: "GET /v1/policy", headers: []string{"X-Api-Key: " + n.keys[control.RoleReader] + "x"}})
	(&visitor{T: t, node: n}).signIn(control.RoleReporter)
	n.ServeHTTP(httptest.NewRecorder(), n.request(call{line: "GET /compat/abuseipdb/api/v2/check?ipAddress=203.0.113.7", headers: []string{"Key: " + n.keys[control.RoleModerator]}}))
	for _, role := range []control.Role{control.RoleReader, control.RoleReporter, control.RoleModerator} {
		if id := strings.Split(n.keys[role], "_")[1]; uses[id+" "+clientAddr] != 1 {
			t.Errorf("the key of %s was told %d times: %v", role, uses[id+" "+clientAddr], uses)
		}
	}
	if len(uses) != 3 {
		t.Errorf("uses are %v", uses)
	}
}
