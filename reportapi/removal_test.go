package reportapi_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

const listedIP = "203.0.113.7"

// askOff asks for the removal of the address that it comes from.
func askOff(from, body string) call {
	return call{line: "POST /removal", from: from, body: body, headers: []string{jsonBody}}
}

func (n *node) setPolicy(t testing.TB, setting, value string) {
	t.Helper()
	_, err := n.registrar.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) { return p.Set(setting, value) })
	must(t, err)
}

// wantListed wants an address listed, or not, in the verdict and in the list.
func (n *node) wantListed(t testing.TB, ip string, want bool) {
	t.Helper()
	doc := n.ask(t, call{line: "GET /v1/check/" + ip + "?format=json", as: control.RoleReader}, http.StatusOK)
	list := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader}).Body.String()
	if doc.at("listed") != want || strings.Contains(list, ip) != want {
		t.Errorf("%s is listed: %v in the verdict, %t in the list, want %t", ip, doc.at("listed"), strings.Contains(list, ip), want)
	}
}

// The whole way: the address asks, the moderator sees it and grants, the
// address is off, a log that is read late does not bring it back, and what
// happens from now on counts.
func TestRemoval(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, listedIP)
	asked := n.ask(t, askOff(listedIP, `{"message":"patched <b>it</b>\u0000\u001b[2J","contact":"ops@example.org"}`), http.StatusAccepted)
	asked.wants(t, map[string]any{"prefix": listedIP + "/32", "state": "open", "held": "a moderator decides", "message": nil, "lapses": "2026-12-22T10:00:00Z"})
	id, token := asked.at("id").(string), asked.at("token").(string)

	n.ask(t, askOff(listedIP, `{}`), http.StatusConflict).wants(t, map[string]any{
		"detail": "removal of 203.0.113.7/32 was asked for at 2026-11-22T10:00:00Z and is not decided yet",
	})
	list := n.ask(t, call{line: "GET /v1/removals?state=open", as: control.RoleModerator}, http.StatusOK)
	list.wants(t, map[string]any{
		"removals.0.id": id, "removals.0.ip": listedIP, "removals.0.message": "patched <b>it</b>[2J", "removals.0.contact": "ops@example.org",
		"removals.0.listed.0": "bl.example", "removals.0.token": nil, "removals.1": nil,
	})
	n.wantListed(t, listedIP, true)

	n.wait(time.Hour)
	decision := call{line: "POST /v1/removals/" + id, as: control.RoleModerator, body: `{"decision":"grant","reason":"looked at it"}`, headers: []string{jsonBody}}
	n.ask(t, decision, http.StatusOK).wants(t, map[string]any{
		"state": "granted", "decided_by": "moderator", "listed.0": nil, "cooldown": "2026-11-29T11:00:00Z",
	})
	n.wantListed(t, listedIP, false)
	n.ask(t, decision, http.StatusConflict).wants(t, map[string]any{
		"detail": fmt.Sprintf("removal %s of 203.0.113.7/32 is granted already, by moderator at 2026-11-22T11:00:00Z", id),
	})
	n.ask(t, call{line: "GET /removal/" + id + "?token=" + token, from: "192.0.2.77"}, http.StatusOK).wants(t, map[string]any{
		"state": "granted", "reason": "looked at it", "decided_by": nil,
	})
	n.ask(t, call{line: "GET /v1/ips/" + listedIP, as: control.RoleReader}, http.StatusOK).wants(t, map[string]any{
		"removal.state": "granted", "removal.cooldown": "2026-11-29T11:00:00Z", "removal.message": nil,
	})

	voided := control.RemovalVoid(id)
	void, err := n.registrar.DropVoid(t.Context(), voided)
	must(t, err)
	n.wantListed(t, listedIP, true)
	n.ask(t, call{line: "GET /v1/ips/" + listedIP, as: control.RoleReader}, http.StatusOK).wants(t, map[string]any{"removal.state": "undone"})
	_, err = n.registrar.AddVoid(t.Context(), n.now(), void)
	must(t, err)
	n.wantListed(t, listedIP, false)

	late := `[{"ip":"203.0.113.7","kind":"ssh.maxauth","observed":"2026-11-22T10:59:59Z"}]`
	n.wait(time.Hour)
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: late, headers: []string{jsonBody}}, http.StatusOK).wants(t, map[string]any{
		"rows.0.status": "ignored", "rows.0.ignored": "observed at 2026-11-22T10:59:59Z, and 203.0.113.7/32 was taken off the lists at 2026-11-22T11:00:00Z",
	})
	n.wantListed(t, listedIP, false)
	n.ask(t, askOff(listedIP, `{}`), http.StatusOK).wants(t, map[string]any{"state": "not_listed", "token": nil})
	n.strike(t, listedIP)
	n.wantListed(t, listedIP, true)
	n.ask(t, askOff(listedIP, `{}`), http.StatusAccepted)
}

// Who asks without a key asks for the address that the request comes from,
// whatever its headers say; its /64 if that is IPv6.
func TestRemoval_fromElsewhere(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.80/32")} })
	n.strike(t, listedIP)
	n.strike(t, "2001:db8::7")
	forged := "X-Forwarded-For: " + listedIP
	for name, test := range map[string]struct {
		from, body, forwarded string
		status                int
	}{
		"another address":         {clientAddr, `{"ip":"203.0.113.7"}`, "", http.StatusForbidden},
		"forged header":           {clientAddr, `{"ip":"203.0.113.7"}`, forged, http.StatusForbidden},
		"forged behind a proxy":   {"192.0.2.80", `{"ip":"203.0.113.7"}`, forged + ", " + clientAddr, http.StatusForbidden},
		"from a private network":  {"10.0.0.5", `{}`, "", http.StatusForbidden},
		"no address":              {clientAddr, `{"ip":"example.org"}`, "", http.StatusBadRequest},
		"itself":                  {listedIP, `{"ip":"203.0.113.7"}`, "", http.StatusAccepted},
		"itself, forging another": {"203.0.113.9", `{}`, forged, http.StatusOK}, // which is not listed
		"by a trusted proxy":      {"192.0.2.80", `{}`, "X-Forwarded-For: 2001:db8::beef", http.StatusAccepted},
	} {
		c := askOff(test.from, test.body)
		if test.forwarded != "" {
			c.headers = append(c.headers, test.forwarded)
		}
		if w := n.do(t, c); w.Code != test.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, test.status, w.Body)
		}
	}
	refused := n.ask(t, askOff(clientAddr, `{"ip":"203.0.113.7"}`), http.StatusForbidden)
	if hint := refused.at("hint").(string); !strings.Contains(hint, "curl --interface 203.0.113.7") {
		t.Errorf("the hint is %q", hint)
	}
}

// A key asks in another's stead if it may decide on removals; nobody else
// learns what became of a request.
func TestRemoval_keys(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, listedIP)
	stead := func(as control.Role, body string) call {
		return call{line: "POST /removal", as: as, body: body, headers: []string{jsonBody}}
	}
	n.ask(t, stead(control.RoleReporter, `{"ip":"203.0.113.7"}`), http.StatusForbidden)
	if log := n.log.String(); !strings.Contains(log, `msg="a key was used for more than it may"`) || !strings.Contains(log, "reporter=reporter") {
		t.Errorf("a reporter that asked in another's stead is not in the log:\n%s", log)
	}
	n.ask(t, stead(control.RoleModerator, `{}`), http.StatusBadRequest).wants(t, map[string]any{"field": "ip"})
	asked := n.ask(t, stead(control.RoleModerator, `{"ip":"203.0.113.7","message":"by mail"}`), http.StatusAccepted)
	id := asked.at("id").(string)
	n.ask(t, call{line: "GET /v1/removals/" + id, as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{"by": "moderator", "message": "by mail"})
	n.ask(t, call{line: "GET /v1/audit?object=removal/", as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{
		"events.0.who": "moderator", "events.0.key_id": strings.Split(n.keys[control.RoleModerator], "_")[1], "events.0.source": clientAddr,
	})

	for name, c := range map[string]call{
		"a stranger":        {line: "GET /removal/" + id},
		"a wrong token":     {line: "GET /removal/" + id + "?token=x"},
		"of nothing":        {line: "GET /removal/192.0.2.200"},
		"for another's own": {line: "GET /removal/" + listedIP, from: "203.0.113.8"},
	} {
		if w := n.do(t, c); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404: %s", name, w.Code, w.Body)
		}
	}
	n.ask(t, call{line: "GET /removal/" + listedIP, as: control.RoleReporter}, http.StatusForbidden)
	n.ask(t, call{line: "GET /removal/" + listedIP, as: control.RoleModerator}, http.StatusOK)
	n.ask(t, call{line: "GET /removal/" + listedIP, from: listedIP}, http.StatusOK).wants(t, map[string]any{"state": "open", "message": nil})
	n.ask(t, call{line: "GET /v1/removals?state=lost", as: control.RoleModerator}, http.StatusBadRequest)
	n.ask(t, call{line: "POST /v1/removals/nothere", as: control.RoleModerator, body: `{"decision":"deny","reason":"x"}`, headers: []string{jsonBody}}, http.StatusNotFound)
	for _, body := range []string{`{"decision":"maybe","reason":"x"}`, `{"decision":"deny"}`, `{"decision":"deny","reason":"` + strings.Repeat("x", 201) + `"}`} {
		n.ask(t, call{line: "POST /v1/removals/" + id, as: control.RoleModerator, body: body, headers: []string{jsonBody}}, http.StatusBadRequest)
	}
}

// Denied is denied, with the reason, until the cool-down is over.
func TestRemoval_denied(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, listedIP)
	id := n.ask(t, askOff(listedIP, `{}`), http.StatusAccepted).at("id").(string)
	n.ask(t, call{line: "POST /v1/removals/" + id, as: control.RoleModerator, body: "decision=deny&reason=still+scans", headers: []string{formBody}}, http.StatusOK)
	n.wantListed(t, listedIP, true)
	n.wait(time.Hour)
	w := n.do(t, askOff(listedIP, `{}`))
	if w.Code != http.StatusConflict || w.Header().Get("Retry-After") != fmt.Sprint(7*24*3600-3600) || !strings.Contains(w.Body.String(), "ask again from 2026-11-29T10:00:00Z on") {
		t.Errorf("asked again: %d, Retry-After %q, %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	n.wait(7*24*time.Hour - time.Hour)
	n.ask(t, askOff(listedIP, `{}`), http.StatusAccepted)
}

// What the policy says is what happens.
func TestRemoval_policy(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPolicy(t, "removal", "automatic")
	n.setPolicy(t, "removal_cooldown", "2d")
	n.strike(t, listedIP)
	n.report(t, control.RoleModerator, "ip=203.0.113.9&kind=hacked.host")
	n.ask(t, askOff("203.0.113.9", `{}`), http.StatusAccepted).wants(t, map[string]any{"held": "it was reported as hacked.host, which a moderator looks into"})
	n.ask(t, askOff(listedIP, `{}`), http.StatusOK).wants(t, map[string]any{"state": "granted", "cooldown": "2026-11-24T10:00:00Z"})
	n.wantListed(t, listedIP, false)

	n.wait(time.Hour)
	n.strike(t, listedIP)
	second := n.ask(t, askOff(listedIP, `{}`), http.StatusAccepted)
	if held, _ := second.at("held").(string); !strings.Contains(held, "until 2026-11-24T10:00:00Z only a moderator") {
		t.Errorf("in the cool-down it is held because %q", held)
	}

	n.setPolicy(t, "removal", "off")
	n.ask(t, askOff("203.0.113.10", `{}`), http.StatusForbidden).wants(t, map[string]any{"detail": "requests for removal are not taken here"})
}

// What was taken back needs no moderator any more.
func TestRemoval_voided(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPolicy(t, "removal", "automatic")
	n.report(t, control.RoleModerator, "ip="+listedIP+"&kind=hacked.host")
	n.wait(time.Minute)
	_, err := n.registrar.AddVoid(t.Context(), n.now(), scoring.Void{
		ID: "mistake", Prefix: netip.MustParsePrefix(listedIP + "/32"), To: n.now(), Reason: "another host", By: "admin",
	})
	must(t, err)
	n.strike(t, listedIP)
	n.ask(t, askOff(listedIP, `{}`), http.StatusOK).wants(t, map[string]any{"state": "granted", "held": nil})
}

// A browser gets a page, in which nothing of a stranger's runs, and another
// site's form is not taken.
func TestRemoval_browser(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, listedIP)
	browser := func(site string) call {
		return call{line: "POST /removal", from: listedIP, body: "message=%3Cscript%3E", headers: []string{formBody, "Accept: text/html,*/*;q=0.8", "Sec-Fetch-Site: " + site}}
	}
	if w := n.do(t, browser("cross-site")); w.Code != http.StatusForbidden {
		t.Errorf("another site's form: %d", w.Code)
	}
	w := n.do(t, browser("same-origin"))
	if page := w.Body.String(); w.Code != http.StatusAccepted || !strings.Contains(page, "waits for a moderator") || strings.Contains(page, "script") ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page: %d %v %s", w.Code, w.Header(), page)
	}
	n.ask(t, askOff("203.0.113.8", `{"message":"`+strings.Repeat("x", 2001)+`"}`), http.StatusBadRequest).wants(t, map[string]any{"field": "message"})
	n.ask(t, askOff("203.0.113.8", `{"message":"`+strings.Repeat("x", 70000)+`"}`), http.StatusRequestEntityTooLarge)
}

// A source that keeps asking is told to wait; others are not.
func TestRemoval_flood(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	codes := map[int]int{}
	for range 100 {
		codes[n.do(t, askOff("203.0.113.50", `{}`)).Code]++
	}
	if codes[http.StatusOK] != 20 || codes[http.StatusTooManyRequests] != 80 {
		t.Errorf("a flood was answered %v", codes)
	}
	if got := len(n.book.Removals(n.now())); got != 0 {
		t.Errorf("%d requests of an address that is not listed are kept", got)
	}
}

// Moderators who decide at one time: one did.
func TestRemoval_race(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, listedIP)
	id := n.ask(t, askOff(listedIP, `{}`), http.StatusAccepted).at("id").(string)
	codes := make([]int, 8)
	var wg sync.WaitGroup
	for i := range codes {
		wg.Go(func() {
			body := fmt.Sprintf(`{"decision":%q,"reason":"number %d"}`, []string{"grant", "deny"}[i%2], i)
			codes[i] = n.do(t, call{line: "POST /v1/removals/" + id, as: control.RoleModerator, body: body, headers: []string{jsonBody}}).Code
		})
	}
	wg.Wait()
	won := 0
	for _, code := range codes {
		if code == http.StatusOK {
			won++
		} else if code != http.StatusConflict {
			t.Errorf("a decision was answered %d", code)
		}
	}
	if won != 1 {
		t.Errorf("%d decisions of one request were taken: %v", won, codes)
	}
}
