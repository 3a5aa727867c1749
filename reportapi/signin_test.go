package reportapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

const horse = "correct horse battery"

// setPassword gives the reporter of a role a password, as an admin does.
func (n *node) setPassword(t *testing.T, of control.Role, password string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"password": password})
	n.ask(t, call{line: "PUT /v1/reporters/" + string(of) + "/password", as: control.RoleAdmin, body: string(body), headers: []string{jsonBody}}, http.StatusOK).
		wants(t, map[string]any{"reporter": string(of), "changed": "2026-11-22T10:00:00Z"})
}

func credentials(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}}
}

// Somebody signs in with the password, reports, and signs out again: the session
// is a key of its own, which is gone thereafter.
func TestPages_password(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPassword(t, control.RoleReporter, horse)
	keys := len(n.book.Keys())
	v := &visitor{T: t, node: n}
	v.page("GET /report", nil, http.StatusOK, `name="password"`, `name="key"`)
	v.page("POST /report/sign-in", credentials("reporter", horse), http.StatusSeeOther)
	v.page("GET /report", nil, http.StatusOK, "Signed in as reporter")
	v.page("POST /report", url.Values{"addresses": {"203.0.113.7 203.0.113.8"}, "kind": {"ssh.maxauth"}}, http.StatusOK, "203.0.113.7<td>recorded")
	if cookie := v.cookies[0]; !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Value, horse) {
		t.Errorf("the cookie is %v", cookie)
	}
	session := v.cookies[0].Value
	if got := len(n.book.Keys()); got != keys+1 {
		t.Errorf("%d keys, want %d and the session", got, keys)
	}
	v.page("POST /report/sign-out", nil, http.StatusSeeOther)
	if got := len(n.book.Keys()); got != keys {
		t.Errorf("%d keys after signing out, want %d", got, keys)
	}
	back := &visitor{T: t, node: n, cookies: []*http.Cookie{{Name: "penaltybox_key", Value: session}}}
	back.page("GET /report", nil, http.StatusForbidden, "not known here")
}

// Signing out with a key that an admin made leaves that alone.
func TestPages_signOut_key(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	v := &visitor{T: t, node: n}
	v.signIn(control.RoleReporter)
	v.page("POST /report/sign-out", nil, http.StatusSeeOther)
	if w := n.do(t, call{line: "GET /v1/policy", as: control.RoleReporter}); w.Code != http.StatusOK {
		t.Errorf("the key answers %d after somebody signed out with it", w.Code)
	}
}

// What is wrong is not told in more words than these, whoever it is.
func TestPages_password_wrong(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPassword(t, control.RoleReporter, horse)
	n.setPassword(t, control.RoleReader, horse)
	v := &visitor{T: t, node: n}
	var told []string
	for _, form := range []url.Values{
		credentials("reporter", "incorrect horse"), credentials("nobody", horse), credentials("moderator", horse), credentials("", ""),
		credentials("reporter", strings.Repeat(horse, 100)), credentials("reporter/../admin", horse),
	} {
		told = append(told, v.page("POST /report/sign-in", form, http.StatusForbidden, "the name or the password is wrong"))
	}
	for _, page := range told[1:] {
		if page != told[0] {
			t.Errorf("answers differ:\n%s\n%s", told[0], page)
		}
	}
	v.page("POST /report/sign-in", credentials("reader", horse), http.StatusBadRequest, "it needs reporter")
	if len(v.cookies) != 0 {
		t.Errorf("there is a cookie: %v", v.cookies)
	}
	if log := n.log.String(); strings.Contains(log, "horse") || strings.Contains(log, "nobody") || !strings.Contains(log, "a password was not taken") {
		t.Errorf("the log tells what was typed, or nothing:\n%s", log)
	}
	if metrics := n.do(t, call{line: "GET /metrics", from: "127.0.0.1"}).Body.String(); !strings.Contains(metrics, `penaltybox_http_passwords_total{outcome="wrong"} 6`) {
		t.Error("the metrics do not count six wrong passwords")
	}
}

// A form from elsewhere signs nobody in.
func TestPages_password_otherSite(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPassword(t, control.RoleReporter, horse)
	r := n.request(call{line: "POST /report/sign-in", body: credentials("reporter", horse).Encode(), headers: []string{formBody, "Sec-Fetch-Site: cross-site"}})
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || len(w.Result().Cookies()) != 0 {
		t.Errorf("answers %d with cookies %v", w.Code, w.Result().Cookies())
	}
}

// Whoever is disabled, or has another password, is out at the next request.
func TestPages_session_ends_at_once(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ line, body, told string }{
		"disabled":         {"PATCH /v1/reporters/reporter", `{"disabled":true}`, "is disabled"},
		"another password": {"PUT /v1/reporters/reporter/password", `{"password":"battery staple horse"}`, "signed out"},
		"no password":      {"DELETE /v1/reporters/reporter/password", "", "signed out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			n.setPassword(t, control.RoleReporter, horse)
			v := &visitor{T: t, node: n}
			v.page("POST /report/sign-in", credentials("reporter", horse), http.StatusSeeOther)
			if w := n.do(t, call{line: test.line, as: control.RoleAdmin, body: test.body, tolerated: true}); w.Code/100 != 2 {
				t.Fatalf("%s answers %d: %s", test.line, w.Code, w.Body)
			}
			v.page("POST /report", url.Values{"addresses": {"203.0.113.7"}, "kind": {"ssh.maxauth"}}, http.StatusForbidden, test.told)
			v.page("GET /report", nil, http.StatusOK, "Sign in")
			v.page("POST /report/sign-in", credentials("reporter", horse), http.StatusForbidden)
			if got := n.board.Stats().Incidents; got != 0 {
				t.Errorf("%d incidents were recorded", got)
			}
		})
	}
}

// Who steals the session of an admin changes nothing that an admin changes.
func TestPages_session_isNarrow(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPassword(t, control.RoleAdmin, horse)
	v := &visitor{T: t, node: n}
	v.page("POST /report/sign-in", credentials("admin", horse), http.StatusSeeOther)
	for _, line := range []string{"GET /v1/keys", "PATCH /v1/policy", "POST /v1/exemptions", "PUT /v1/reporters/reporter/password", "GET /v1/backup"} {
		w := n.do(t, call{line: line, headers: []string{"X-Api-Key: " + v.cookies[0].Value}, tolerated: true})
		if w.Code != http.StatusForbidden {
			t.Errorf("%s answers %d", line, w.Code)
		}
	}
}

// TestPassword_ten_thousand_guesses: few of them are looked at, the log stays
// short and tells none, and the key opens the door meanwhile.
func TestPassword_ten_thousand_guesses(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPassword(t, control.RoleReporter, horse)
	answers := map[int]int{}
	guess := func(from, name, password string) int {
		w := httptest.NewRecorder()
		n.ServeHTTP(w, n.request(call{line: "POST /report/sign-in", from: from, body: credentials(name, password).Encode(), headers: []string{formBody, "Sec-Fetch-Site: same-origin"}}))
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Fatal("nothing says when to come again")
		}
		return w.Code
	}
	for i := range 5_000 { // from one place, at many names
		answers[guess("203.0.113.1", fmt.Sprintf("name%d", i), fmt.Sprintf("guess-%d", i))]++
	}
	for i := range 5_000 { // from many places, at one name
		answers[guess(fmt.Sprintf("192.0.%d.%d", 10+i/200, 1+i%200), "reporter", fmt.Sprintf("guess-%d", i))]++
	}
	if answers[http.StatusForbidden] != 20 || answers[http.StatusTooManyRequests] != 10_000-20 {
		t.Errorf("answers: %v", answers)
	}
	log := n.log.String()
	if count := strings.Count(log, "a password was not taken"); count != 20 || strings.Contains(log, "guess-") {
		t.Errorf("the log has %d lines, want 20 that tell no guess", count)
	}
	if code := guess("198.51.100.77", "reporter", horse); code != http.StatusTooManyRequests {
		t.Errorf("the right password in the middle of it answers %d: a guess would be told apart", code)
	}
	v := &visitor{T: t, node: n}
	v.signIn(control.RoleReporter) // with the key
	n.wait(time.Minute)
	if code := guess("198.51.100.77", "reporter", horse); code != http.StatusSeeOther {
		t.Errorf("the right password a minute later answers %d", code)
	}
}

// A reporter changes its own password when it knows the old one, and nobody
// else's.
func TestPassword_self(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const line = "PUT /v1/reporters/reporter/password"
	change := func(line, old, password string, status int) document {
		t.Helper()
		body, _ := json.Marshal(map[string]string{"old": old, "password": password})
		return n.ask(t, call{line: line, as: control.RoleReporter, body: string(body), tolerated: true}, status)
	}
	change(line, "", "my own choice", http.StatusForbidden) // there is no first one
	change(line, "anything", "my own choice", http.StatusForbidden)
	n.setPassword(t, control.RoleReporter, horse)
	n.setPassword(t, control.RoleModerator, horse)
	change(line, "", "my own choice", http.StatusForbidden)
	wrong := change(line, "incorrect horse", "my own choice", http.StatusForbidden)
	if detail := wrong.at("detail"); detail != "the old password is wrong" {
		t.Errorf("told %q", detail)
	}
	change("PUT /v1/reporters/moderator/password", horse, "my own choice", http.StatusForbidden)
	change(line, horse, "my own choice", http.StatusOK)
	change(line, horse, "my own choice", http.StatusForbidden) // it is the old one no more
	w := n.do(t, call{line: "DELETE /v1/reporters/reporter/password", as: control.RoleReporter, body: `{"old":"my own choice"}`, tolerated: true})
	if w.Code != http.StatusNoContent {
		t.Errorf("taking it away answers %d: %s", w.Code, w.Body)
	}
	n.ask(t, call{line: "DELETE /v1/reporters/reporter/password", as: control.RoleAdmin}, http.StatusNotFound)
}

func TestPassword_refused(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for body, detail := range map[string]string{
		`{"password":"tooshort"}`: "want at least 10",
		`{}`:                      "want at least 10",
		`{"password":1234567890}`: "is no text",
		`{"password":"` + strings.Repeat("tooshort", 40) + `"}`: "at most 256",
		`{"password":"tooshort","secret":"x"}`:                  "is no field",
	} {
		w := n.do(t, call{line: "PUT /v1/reporters/reporter/password", as: control.RoleAdmin, body: body, tolerated: true})
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), detail) {
			t.Errorf("%s: %d, want %q: %s", body, w.Code, detail, w.Body)
		}
		if strings.Contains(w.Body.String(), "tooshort") || strings.Contains(w.Body.String(), "1234567890") {
			t.Errorf("the answer tells what was sent: %s", w.Body)
		}
	}
	n.ask(t, call{line: "PUT /v1/reporters/nobody/password", as: control.RoleAdmin, body: `{"password":"` + horse + `"}`, tolerated: true}, http.StatusNotFound)
}

// Nothing that the API tells, logs or backs up has the password in it, and the
// hash is in no answer and not in the audit.
func TestPassword_isToldNobody(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPassword(t, control.RoleReporter, horse)
	var told strings.Builder
	for _, line := range []string{"GET /v1/reporters", "GET /v1/reporters/reporter", "GET /v1/keys", "GET /v1/audit"} {
		told.WriteString(n.do(t, call{line: line, as: control.RoleAdmin}).Body.String())
	}
	told.WriteString(n.log.String())
	if text := told.String(); strings.Contains(text, "horse") || strings.Contains(text, "argon2") || !strings.Contains(text, "password/reporter") {
		t.Errorf("a password or its hash is told, or the audit does not tell that it was set:\n%s", text)
	}
}
