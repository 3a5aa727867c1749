package reportapi_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// visitor is a browser: it keeps cookies and sends forms.
type visitor struct {
	*testing.T
	node    *node
	cookies []*http.Cookie
	headers []string
}

// send makes a request as a browser on the same site makes it.
func (v *visitor) send(line string, form url.Values) *httptest.ResponseRecorder {
	v.Helper()
	r := v.node.request(call{line: line, body: form.Encode(), headers: append([]string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"}, v.headers...)})
	for _, cookie := range v.cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	v.node.ServeHTTP(w, r)
	if set := w.Result().Cookies(); len(set) > 0 {
		v.cookies = slices.DeleteFunc(set, func(c *http.Cookie) bool { return c.MaxAge < 0 })
	}
	return w
}

// page is send that wants a status and words, and returns the page.
func (v *visitor) page(line string, form url.Values, status int, words ...string) string {
	v.Helper()
	w := v.send(line, form)
	if w.Code != status {
		v.Fatalf("%s answers %d, want %d: %s", line, w.Code, status, w.Body)
	}
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			v.Errorf("%s does not say %q: %s", line, word, w.Body)
		}
	}
	return w.Body.String()
}

func (v *visitor) signIn(role control.Role) {
	v.Helper()
	if w := v.send("POST /report/sign-in", url.Values{"key": {v.node.keys[role]}}); w.Code != http.StatusSeeOther {
		v.Fatalf("signing in answers %d: %s", w.Code, w.Body)
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// hidden returns the fields that a page sends along.
func hidden(page string) url.Values {
	form := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Add(field[1], html.UnescapeString(field[2]))
	}
	return form
}

// Somebody reports by hand, sees it beforehand, presses the button twice, and
// takes it back.
func TestPages_report(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	v := &visitor{T: t, node: n}
	v.page("GET /report", nil, http.StatusOK, "Sign in", `type="password"`)
	v.signIn(control.RoleReporter)
	form := v.page("GET /report", nil, http.StatusOK, "Signed in as reporter", "ssh.maxauth (20 points)")
	if strings.Contains(form, "hacked.host") {
		t.Error("a reporter is offered a moderator's kind")
	}
	order := url.Values{"addresses": {"203.0.113.7, 203.0.113.8 # by hand\n203.0.113.7\n192.0.2.1\nnonsense"}, "kind": {"ssh.maxauth"}, "note": {"<b>root</b>"}}
	preview := v.page("POST /report/preview", order, http.StatusOK,
		"203.0.113.7<td>recorded<td>20<td>0 of 50 points", "203.0.113.8<td>recorded", "192.0.2.1<td>ignored", "nonsense<td>refused")
	if got := n.board.Stats().Incidents; got != 0 {
		t.Fatalf("the preview recorded %d incidents", got)
	}
	result := v.page("POST /report", hidden(preview), http.StatusOK, "203.0.113.7<td>recorded<td>20<td>20 of 50 points")
	again := v.page("POST /report", hidden(preview), http.StatusOK, "203.0.113.7<td>duplicate<td>20<td>20 of 50 points")
	if got := n.board.Stats().Incidents; got != 2 {
		t.Errorf("there are %d incidents, want 2", got)
	}
	if one, two := hidden(result)["incident"], hidden(again)["incident"]; len(one) != 2 || !slices.Equal(one, two) {
		t.Errorf("the incidents to undo are %q, and %q the second time", one, two)
	}
	v.page("POST /report/undo", hidden(result), http.StatusOK, "203.0.113.7<td>withdrawn<td><td>0 of 50 points")
	v.send("POST /report/sign-out", nil)
	v.page("GET /report", nil, http.StatusOK, "Sign in")
}

// Who reports what would be listed if others agreed is told so.
func TestPages_report_alone(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.admin(t, "PATCH /v1/policy", `{"set":{"min_organisations":2,"threshold":20}}`, http.StatusOK)
	v := &visitor{T: t, node: n}
	v.signIn(control.RoleReporter)
	order := url.Values{"addresses": {"203.0.113.7"}, "kind": {"ssh.maxauth"}}
	preview := v.page("POST /report/preview", order, http.StatusOK, "203.0.113.7<td>recorded<td>20<td>0 of 20 points")
	v.page("POST /report", hidden(preview), http.StatusOK, "203.0.113.7<td>recorded<td>20<td>20 of 20 points, 1 of 2 organisations")
}

// Who is not signed in, may not report or was signed in with a key that is
// revoked by now gets the form for the key, and nothing happens.
func TestPages_report_whoMay(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	order := url.Values{"addresses": {"203.0.113.7"}, "kind": {"ssh.maxauth"}}
	stranger := &visitor{T: t, node: n}
	for _, line := range []string{"POST /report", "POST /report/preview", "POST /report/undo"} {
		stranger.page(line, order, http.StatusOK, "Sign in")
	}
	stranger.page("POST /report/sign-in", url.Values{"key": {"pbx_wrong"}}, http.StatusForbidden, "not a whole key")
	stranger.page("POST /report/sign-in", url.Values{"key": {n.keys[control.RoleReader]}}, http.StatusForbidden, "role is reader")

	gone := &visitor{T: t, node: n}
	gone.signIn(control.RoleReporter)
	for _, key := range n.book.Keys() {
		if key.Reporter == string(control.RoleReporter) {
			_, err := n.registrar.RevokeKey(t.Context(), n.now(), key.ID)
			must(t, err)
		}
	}
	gone.page("POST /report", order, http.StatusForbidden, "was revoked")
	if got := n.board.Stats().Incidents; got != 0 {
		t.Errorf("%d incidents were recorded", got)
	}
}

// Another site can neither send the form nor read the cookie, and no page can
// be framed.
func TestPages_otherSites(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	v := &visitor{T: t, node: n}
	v.signIn(control.RoleReporter)
	if c := v.cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/report" {
		t.Errorf("the cookie is %v", c)
	}
	r := n.request(call{line: "POST /report", body: "addresses=203.0.113.7&kind=ssh.maxauth", headers: []string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: cross-site", "Origin: https://elsewhere.example"}})
	r.AddCookie(v.cookies[0])
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || n.board.Stats().Incidents != 0 {
		t.Errorf("another site's form answers %d: %s", w.Code, w.Body)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", policy)
	}
	proxied := &visitor{T: t, node: n, headers: []string{"X-Forwarded-Proto: https"}}
	if proxied.signIn(control.RoleReporter); !proxied.cookies[0].Secure {
		t.Error("behind a proxy that ends TLS the cookie may travel in the clear")
	}
	for public, want := range map[string]bool{"https://EXAMPLE.com": true, "https://box.example": false, "http://example.com": false, "": false} {
		v := &visitor{T: t, node: newNode(t, func(c *reportapi.Config) { c.PublicURL = public })} // and it asks for example.com
		if v.signIn(control.RoleReporter); v.cookies[0].Secure != want {
			t.Errorf("with the public URL %q the cookie's Secure is %t", public, !want)
		}
	}
}

// A form that says too much, or nothing, comes back with what is wrong.
func TestPages_report_badForms(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	v := &visitor{T: t, node: n}
	v.signIn(control.RoleReporter)
	var many strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&many, "198.51.%d.%d\n", i/256, i%256)
	}
	for want, order := range map[string]url.Values{
		"no address was given":       {"addresses": {" \n# none"}, "kind": {"ssh.maxauth"}},
		"at most 1000":               {"addresses": {many.String()}, "kind": {"ssh.maxauth"}},
		"larger than 256 KiB":        {"addresses": {strings.Repeat("x", 256<<10)}},
		"is no list of incidents":    {"incident": {"203.0.113.7"}},
		"&lt;script&gt;<td>refused":  {"addresses": {"<script>"}, "kind": {"ssh.maxauth"}},
		"kind &#34;nonsense&#34;":    {"addresses": {"203.0.113.7"}, "kind": {"nonsense"}},
		"points &#34;21&#34;: is mo": {"addresses": {"203.0.113.7"}, "kind": {"ssh.maxauth"}, "points": {"21"}},
	} {
		line := "POST /report/preview"
		if order.Has("incident") {
			line = "POST /report/undo"
		}
		w := v.send(line, order)
		if !strings.Contains(w.Body.String(), want) || w.Code >= http.StatusInternalServerError {
			t.Errorf("%d: does not say %q: %s", w.Code, want, w.Body)
		}
	}
}

// While the ledger cannot be reached nothing is lost: the form can be sent
// again, and counts once.
func TestPages_report_outage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	v := &visitor{T: t, node: n}
	v.signIn(control.RoleReporter)
	n.ledger.failWith(fmt.Errorf("no ledger"))
	failed := v.page("POST /report", url.Values{"addresses": {"203.0.113.7"}, "kind": {"ssh.maxauth"}}, http.StatusServiceUnavailable, "unavailable", "Send again")
	n.ledger.mend()
	v.page("POST /report", hidden(failed), http.StatusOK, "recorded<td>20<td>20 of 50 points")
	v.page("POST /report", hidden(failed), http.StatusOK, "duplicate")
}

// Anybody may ask about an address, and hears no points, reporters or notes.
func TestPages_lookup(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for range 3 {
		n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","note":"secret"}`, headers: []string{"Content-Type: application/json"}}, http.StatusCreated)
	}
	v := &visitor{T: t, node: n}
	v.page("GET /lookup", nil, http.StatusOK, "Look up")
	page := v.page("GET /lookup?ip=203.0.113.7", nil, http.StatusOK, "is listed.", "bl.example", "<td>ssh<td>", "22 November 2026, 10:00:00 UTC", "22 December 2026, 10:00:00 UTC")
	for _, secret := range []string{"secret", "reporter", "60"} {
		if strings.Contains(page, secret) {
			t.Errorf("a stranger is told %q: %s", secret, page)
		}
	}
	v.page("GET /lookup?ip=::ffff:203.0.113.7", nil, http.StatusOK, "203.0.113.7</strong> is listed.")
	v.page("GET /lookup?ip=203.0.113.9", nil, http.StatusOK, "is not listed.")
	n.strikeRange(t, "203.0.112.0/24")
	v.page("GET /lookup?ip=203.0.112.9", nil, http.StatusOK, "203.0.112.9</strong> is listed.", "<strong>listed</strong> with 203.0.112.0/24<td>hacked<td>")
	v.page("GET /lookup?ip=%3Cscript%3E", nil, http.StatusBadRequest, "no IP address", "&lt;script&gt;")
	refused := 0
	for range 50 {
		if v.send("GET /lookup?ip=203.0.113.9", nil).Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 || refused == 50 {
		t.Errorf("%d of 50 look-ups at once were refused", refused)
	}
	n.wait(time.Minute)
	v.page("GET /lookup?ip=203.0.113.9", nil, http.StatusOK, "is not listed.")
}

// Before the ledger is loaded nobody is told that an address is not listed.
func TestPages_loading(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(*reportapi.Config) {})
	n.loaded.Store(false)
	v := &visitor{T: t, node: n}
	if w := v.send("GET /lookup?ip=203.0.113.7", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("answers %d: %s", w.Code, w.Body)
	}
}
