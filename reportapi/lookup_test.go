package reportapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func TestCheck_one_line_for_programs(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=forum.spam&points=2")
	for line, want := range map[string]string{
		"GET /v1/check/203.0.113.7":                   "listed 62 until=2026-12-22T10:00:00Z forum,ssh\n",
		"GET /v1/check/203.0.113.7?zone=ssh.example":  "listed 60 until=2026-12-22T10:00:00Z ssh\n",
		"GET /v1/check/203.0.113.8":                   "clean\n",
		"GET /v1/check/10.0.0.1":                      "clean\n",
		"GET /v1/check/%3A%3Affff%3A203.0.113.7":      "listed 62 until=2026-12-22T10:00:00Z forum,ssh\n",
		"GET /v1/check/203.0.113.7?format=text&zone=": "listed 62 until=2026-12-22T10:00:00Z forum,ssh\n",
	} {
		w := n.do(t, call{line: line, as: control.RoleReader})
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s answers %d %q, want %q", line, w.Code, w.Body, want)
		}
		if age := w.Header().Get("Cache-Control"); age != "private, max-age=5" {
			t.Errorf("%s has Cache-Control %q", line, age)
		}
	}
}

func TestCheck_JSON_when_asked_for(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	for _, c := range []call{
		{line: "GET /v1/check/203.0.113.7?format=json"},
		{line: "GET /v1/check/203.0.113.7", headers: []string{"Accept: application/json"}},
		{line: "GET /v1/check/203.0.113.7", headers: []string{"Accept: application/json;q=0.9, text/plain"}},
	} {
		c.as = control.RoleReader
		n.ask(t, c, 200).wants(t, map[string]any{
			"ip": "203.0.113.7", "zone": "bl.example", "listed": true, "score": 60.0,
			"since": "2026-11-22T10:00:00Z", "until": "2026-12-22T10:00:00Z", "codes.1": "127.0.0.3",
		})
	}
	for _, accept := range []string{"*/*", "text/html, text/*, application/json", ""} {
		if w := n.do(t, call{line: "GET /v1/check/203.0.113.7", as: control.RoleReader, headers: []string{"Accept: " + accept}}); !strings.HasPrefix(w.Body.String(), "listed ") {
			t.Errorf("Accept %q answers %q", accept, w.Body)
		}
	}
}

func TestCheck_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	answer := n.ask(t, call{line: "GET /v1/check/203.0.113.7?zone=bl.exmaple", as: control.RoleReader}, 404)
	answer.wants(t, map[string]any{"field": "zone", "value": "bl.exmaple", "hint": "zones here are bl.example, ssh.example"})
	for line, field := range map[string]string{
		"GET /v1/check/example.org":               "ip",
		"GET /v1/check/203.0.113.7?format=xml":    "format",
		"GET /v1/check/203.0.113.7?zon=x":         "zon",
		"GET /v1/check/203.0.113.7?zone=a&zone=b": "zone",
		"GET /v1/ips/203.0.113":                   "ip",
		"GET /v1/ips/fe80::1%25eth0":              "ip",
	} {
		n.ask(t, call{line: line, as: control.RoleReader}, 400).wants(t, map[string]any{"field": field})
	}
}

func TestCheck_listing_ends_to_the_second_without_any_write(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleModerator, "ip=203.0.113.7&kind=ssh&points=60&ttl=3s")
	for second, want := range []string{"listed", "listed", "listed", "clean"} {
		w := n.do(t, call{line: "GET /v1/check/203.0.113.7", as: control.RoleReader})
		if !strings.HasPrefix(w.Body.String(), want) {
			t.Errorf("after %d s: %q, want %s", second, w.Body, want)
		}
		n.clock.Add(1) // no sweep either
	}
}

func TestIP_tells_how_it_stands_and_why(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleModerator}, 200).wants(t, map[string]any{
		"ip": "203.0.113.7", "prefix": "203.0.113.7/32", "zones.0.listed": true, "zones.1.listed": true,
		"incidents.2.kind": "ssh.maxauth", "incidents.3": nil, "incidents_total": 3.0, "special": nil, "exempt": nil,
	})
	n.ask(t, call{line: "GET /v1/ips/10.0.0.1", as: control.RoleReader}, 200).wants(t, map[string]any{
		"special": "private (10.0.0.0/8)", "zones.0.listed": false, "incidents_total": 0.0,
	})
}

func TestIP_exempt_says_why_it_is_not_listed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: `{"prefix":"203.0.113.0/24","reason":"office","ttl":"1h"}`, headers: []string{jsonBody}}, 201).
		wants(t, map[string]any{"delisted.0": "bl.example", "delisted.1": "ssh.example", "expires": "2026-11-22T11:00:00Z", "by": "moderator"})
	n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleReader}, 200).wants(t, map[string]any{
		"zones.0.listed": false, "zones.0.score": 60.0, "zones.0.exempt.reason": "office", "exempt.prefix": "203.0.113.0/24",
	})
	n.wait(time.Hour)
	n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleReader}, 200).wants(t, map[string]any{"zones.0.listed": true, "exempt": nil})
}

func TestIP_notes_are_for_their_reporter_and_moderators(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	_, err := n.registrar.AddReporter(t.Context(), n.now(), "web2", control.RoleReporter)
	must(t, err)
	_, other, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "web2"})
	must(t, err)
	_, mine, err := n.registrar.AddKey(t.Context(), n.now(), control.KeyOrder{Reporter: "reporter", Role: control.RoleReader})
	must(t, err)
	id := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh&note=user+root").at("id").(string)
	for name, want := range map[string]struct {
		key  string
		note any
	}{
		"its reporter":                   {n.keys[control.RoleReporter], "user root"},
		"a moderator":                    {n.keys[control.RoleModerator], "user root"},
		"an admin":                       {n.keys[control.RoleAdmin], "user root"},
		"another reporter":               {other, nil},
		"a reader":                       {n.keys[control.RoleReader], nil},
		"its reporter's key for reading": {mine, nil},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"X-Api-Key: " + want.key}
			n.ask(t, call{line: "GET /v1/ips/203.0.113.7", headers: headers}, 200).wants(t, map[string]any{"incidents.0.note": want.note})
			n.ask(t, call{line: "GET /v1/incidents", headers: headers}, 200).wants(t, map[string]any{"incidents.0.note": want.note})
			n.ask(t, call{line: "GET /v1/incidents/203.0.113.7/" + id, headers: headers}, 200).wants(t, map[string]any{"note": want.note})
		})
	}
}

func TestLookups_outlive_an_outage_of_the_ledger(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=2001:db8::7&kind=ssh&note=user+root")
	n.ledger.failWith(scoring.ErrUnavailable)
	n.ask(t, call{line: "GET /v1/ips/2001:db8::9", as: control.RoleAdmin}, 200).wants(t, map[string]any{
		"zones.0.score": 20.0, "incidents.0.partial": true, "incidents.0.note": nil, "incidents.0.ip": "2001:db8::",
	})
	n.ask(t, call{line: "GET /v1/incidents", as: control.RoleAdmin}, 200).wants(t, map[string]any{"incidents.0.partial": true})
	for _, line := range []string{"GET /v1/check/2001:db8::9", "GET /v1/blocklist"} {
		if w := n.do(t, call{line: line, as: control.RoleReader}); w.Code != 200 {
			t.Errorf("%s answers %d", line, w.Code)
		}
	}
}
