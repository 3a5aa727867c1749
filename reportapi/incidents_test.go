package reportapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func TestReport_third_strike_lists(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for strike, listed := range []bool{false, false, true} {
		answer := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&note=user+root")
		answer.wants(t, map[string]any{
			"status": "recorded", "duplicate": false, "visible": true,
			"ip": "203.0.113.7", "prefix": "203.0.113.7/32", "kind": "ssh.maxauth", "category": "ssh", "points": 20.0,
			"reporter": "reporter", "note": "user root", "observed": "2026-11-22T10:00:00Z", "expires": "2026-12-22T10:00:00Z",
			"score": 20.0 * float64(strike+1), "zones.0.zone": "bl.example", "zones.0.listed": listed, "zones.1.listed": listed,
		})
		if listed {
			answer.wants(t, map[string]any{
				"zones.0.until": "2026-12-22T10:00:00Z", "zones.0.threshold": 50.0, "zones.0.categories.0": "ssh",
				"zones.0.codes.0": "127.0.0.2", "zones.0.codes.1": "127.0.0.3",
			})
		}
	}
}

func TestReport_zones_count_their_categories_only(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for range 3 {
		n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=web.wordpress")
	}
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth").wants(t, map[string]any{
		"zones.0.listed": true, "zones.0.score": 80.0, "zones.1.listed": false, "zones.1.score": 20.0,
	})
}

func TestReport_every_way_to_say_it(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]call{
		"JSON":                    {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":15}`, headers: []string{jsonBody}},
		"points as text":          {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":"15"}`, headers: []string{jsonBody}},
		"form":                    {body: `ip=203.0.113.7&kind=ssh.maxauth&points=15`, headers: []string{formBody}},
		"JSON typed as a form":    {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":15}`, headers: []string{formBody}, tolerated: true},
		"JSON on several lines":   {body: "\n{\n  \"ip\": \"203.0.113.7\",\n  \"kind\": \"ssh.maxauth\",\n  \"points\": 15\n}\n", headers: []string{formBody}, tolerated: true},
		"no type at all":          {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":15}`, tolerated: true},
		"parser's annotations":    {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":15,"service":"sshd","tier":"hard","lineno":7}`, headers: []string{jsonBody}},
		"null is absent":          {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":15,"ttl":null}`, headers: []string{jsonBody}, tolerated: true},
		"category for kind":       {body: `ip=203.0.113.7&category=ssh&points=15`, headers: []string{formBody}},
		"mapped IPv4":             {body: `ip=::ffff:203.0.113.7&kind=ssh.maxauth&points=15`, headers: []string{formBody}},
		"charset beside the type": {body: `{"ip":"203.0.113.7","kind":"ssh.maxauth","points":15}`, headers: []string{jsonBody + "; charset=utf-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.line, c.as = "POST /v1/incidents", control.RoleReporter
			newNode(t).ask(t, c, http.StatusCreated).wants(t, map[string]any{"ip": "203.0.113.7", "kind": "ssh.maxauth", "points": 15.0, "score": 15.0})
		})
	}
}

func TestReport_refusals_name_field_value_and_remedy(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for name, want := range map[string]struct {
		form         string
		status       int
		field, value string
		hint         string
	}{
		"unknown kind":                    {"ip=203.0.113.7&kind=ssh.maxath", 400, "kind", "ssh.maxath", "ssh.maxauth"},
		"no kind":                         {"ip=203.0.113.7", 400, "kind", "", "ssh.maxauth"},
		"no points":                       {"ip=203.0.113.7&kind=ssh&points=0", 400, "points", "0", "leave it out"},
		"points beyond 65535":             {"ip=203.0.113.7&kind=ssh&points=70000", 400, "points", "70000", "leave it out"},
		"points with a fraction":          {"ip=203.0.113.7&kind=ssh&points=1.5", 400, "points", "1.5", "leave it out"},
		"a reporter raises points":        {"ip=203.0.113.7&kind=ssh.maxauth&points=21", 403, "points", "21", "give less"},
		"a moderated kind":                {"ip=203.0.113.7&kind=hacked.host", 403, "kind", "hacked.host", "role is reporter"},
		"expiry beyond a year":            {"ip=203.0.113.7&kind=ssh&ttl=400d", 400, "ttl", "400d", "366d"},
		"expiry beyond a year, as a date": {"ip=203.0.113.7&kind=ssh&expires=2028-01-01T00:00:00Z", 400, "expires", "2028-01-01T00:00:00Z", "366d"},
		"observed in the future":          {"ip=203.0.113.7&kind=ssh&observed=2026-11-22T10:06:00Z", 400, "observed", "2026-11-22T10:06:00Z", "clock"},
		"ttl beside expires":              {"ip=203.0.113.7&kind=ssh&ttl=1d&expires=2026-12-01T00:00:00Z", 400, "expires", "2026-12-01T00:00:00Z", "one of them"},
		"a private address":               {"ip=192.168.1.1&kind=ssh", 400, "ip", "192.168.1.1", "public address"},
		"a mapped private address":        {"ip=::ffff:10.0.0.1&kind=ssh", 400, "ip", "::ffff:10.0.0.1", "public address"},
		"loopback":                        {"ip=::1&kind=ssh", 400, "ip", "::1", "public address"},
		"multicast":                       {"ip=224.0.0.1&kind=ssh", 400, "ip", "224.0.0.1", "public address"},
		"a host name":                     {"ip=example.org&kind=ssh", 400, "ip", "example.org", "not resolved"},
		"a range":                         {"ip=203.0.113.0/24&kind=ssh", 403, "ip", "203.0.113.0/24", "--scope"},
		"a range that is too wide":        {"ip=203.0.112.0/23&kind=ssh", 400, "ip", "203.0.112.0/23", "one address"},
		"no address":                      {"kind=ssh", 400, "ip", "", "203.0.113.7"},
		"an unknown field":                {"ip=203.0.113.7&kind=ssh&pionts=3", 400, "pionts", "", "points"},
		"a field twice":                   {"ip=203.0.113.7&ip=203.0.113.8&kind=ssh", 400, "ip", "", "once"},
		"observed beside time":            {"ip=203.0.113.7&kind=ssh&observed=1795341600&time=1795341600", 400, "time", "1795341600", "not both"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: want.form, headers: []string{formBody}}, want.status)
			wants := map[string]any{"status": float64(want.status), "field": want.field, "type": "about:blank"}
			if want.value != "" {
				wants["value"] = want.value
			}
			answer.wants(t, wants)
			if hint, _ := answer.at("hint").(string); !strings.Contains(hint, want.hint) {
				t.Errorf("hint %q does not say %q", hint, want.hint)
			}
			if detail, _ := answer.at("detail").(string); !strings.Contains(detail, want.field) {
				t.Errorf("detail %q does not name %q", detail, want.field)
			}
		})
	}
}

func TestReport_JSON_is_read_strictly(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for name, want := range map[string]struct{ body, field, detail string }{
		"an unknown field":   {`{"ip":"203.0.113.7","kind":"ssh","pionts":3}`, "pionts", "no field"},
		"a field twice":      {`{"ip":"203.0.113.7","kind":"ssh","ip":"203.0.113.8"}`, "ip", "twice"},
		"case counts":        {`{"IP":"203.0.113.7","kind":"ssh"}`, "IP", "no field"},
		"a number for text":  {`{"ip":203,"kind":"ssh"}`, "ip", "is a number"},
		"true for text":      {`{"ip":true,"kind":"ssh"}`, "ip", "is true or false"},
		"a list for text":    {`{"ip":["203.0.113.7"],"kind":"ssh"}`, "ip", "list"},
		"an object for text": {`{"ip":{"v4":"203.0.113.7"},"kind":"ssh"}`, "ip", "is an object"},
		"deep objects":       {`{"ip":{"a":{"b":{}}},"kind":"ssh"}`, "a", "too deep"},
		"two objects":        {`{"ip":"203.0.113.7","kind":"ssh"}{"ip":"203.0.113.8"}`, "", "follows"},
		"rubbish behind":     {`{"ip":"203.0.113.7","kind":"ssh"} x`, "", "follows"},
		"cut":                {`{"ip":"203.0.113.7","kind":`, "", "broken JSON"},
		"a comma too many":   {`{"ip":"203.0.113.7","kind":"ssh",}`, "", "broken JSON"},
		"no object":          {`"203.0.113.7"`, "", "no JSON object"},
		"nothing":            {` `, "", "no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: want.body, headers: []string{jsonBody}}, 400)
			if field, _ := answer.at("field").(string); field != want.field {
				t.Errorf("field is %q, want %q", field, want.field)
			}
			if detail, _ := answer.at("detail").(string); !strings.Contains(detail, want.detail) {
				t.Errorf("detail %q does not say %q", detail, want.detail)
			}
		})
	}
	if stats := n.board.Stats(); stats.Incidents != 0 {
		t.Errorf("%d incidents were stored all the same", stats.Incidents)
	}
}

func TestReport_own_addresses_are_ignored(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, ip := range []string{serverAddr, clientAddr, "::ffff:" + clientAddr} {
		answer := n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=" + ip + "&kind=ssh.maxauth", headers: []string{formBody}}, 200)
		answer.wants(t, map[string]any{"status": "ignored", "ignored": "own address", "duplicate": false, "id": nil, "score": 0.0})
	}
}

func TestReport_exempt_and_dead_reports_are_ignored(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: "prefix=203.0.113.0/24&reason=office", headers: []string{formBody}}, 201)
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody}}, 200).
		wants(t, map[string]any{"status": "ignored", "ignored": "exempt: office (203.0.113.0/24)"})
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=198.51.100.1&kind=ssh&observed=2026-01-01T00:00:00Z", headers: []string{formBody}}, 200).
		wants(t, map[string]any{"status": "ignored", "ignored": "already expired at 2026-01-31T00:00:00Z"})
}

func TestReport_duplicate_has_no_effect_and_tells_what_stands(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	first := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&id=event-1")
	n.wait(time.Hour)
	again := n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh.maxauth&id=event-1", headers: []string{formBody}}, 200)
	again.wants(t, map[string]any{"status": "duplicate", "duplicate": true, "id": first.at("id"), "expires": first.at("expires"), "score": 20.0})

	other := n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=web.wordpress&id=event-1", headers: []string{formBody}}, 409)
	other.wants(t, map[string]any{"field": "id"})
}

func TestReport_Idempotency_Key_counts_once(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	c := call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody, "Idempotency-Key: try-1"}}
	n.ask(t, c, 201)
	n.ask(t, c, 200).wants(t, map[string]any{"duplicate": true, "score": 20.0})
	c.headers[1] = "Idempotency-Key: try-2"
	n.ask(t, c, 201).wants(t, map[string]any{"score": 40.0})
	c.headers[1] = "Idempotency-Key: " + strings.Repeat("x", 181)
	n.ask(t, c, 400).wants(t, map[string]any{"field": "Idempotency-Key"})
}

func TestReport_outage_is_never_a_false_yes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ledger.failWith(scoring.ErrUnavailable)
	c := call{line: "POST /v1/incidents", as: control.RoleReporter, body: "ip=203.0.113.7&kind=ssh", headers: []string{formBody}}
	w := n.do(t, c)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
		t.Errorf("answers %d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	n.ledger.mend()
	n.ask(t, c, 201)
}

func TestReport_IPv6_stands_for_its_64(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=2001:db8::1&kind=ssh.maxauth")
	n.report(t, control.RoleReporter, "ip=2001:db8::2&kind=ssh.maxauth").
		wants(t, map[string]any{"ip": "2001:db8::2", "prefix": "2001:db8::/64", "score": 40.0})
}

// curl sends the "+" of a time as it is unless it is told to encode it; a server
// then reads a space.
func TestReport_time_whose_plus_was_not_encoded(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	want := map[string]any{"observed": "2026-11-22T09:30:00Z", "expires": "2026-11-23T09:30:00Z"}
	for name, c := range map[string]call{
		"form":         {body: "ip=203.0.113.7&kind=ssh&observed=2026-11-22T11:00:00+01:30&expires=2026-11-23T11:00:00+01:30"},
		"encoded":      {body: "ip=203.0.113.8&kind=ssh&observed=2026-11-22T11:00:00%2B01:30&expires=2026-11-23T11:00:00%2B01:30"},
		"another name": {body: "ip=203.0.113.9&kind=ssh&time=2026-11-22T09:30:00+00:00&expires=2026-11-23T09:30:00+00:00"},
	} {
		c.line, c.as, c.headers, c.tolerated = "POST /v1/incidents", control.RoleReporter, []string{formBody}, true
		t.Log(name)
		n.ask(t, c, http.StatusCreated).wants(t, want)
	}
	c := call{line: "POST /v1/incidents", as: control.RoleReporter, headers: []string{jsonBody}, tolerated: true}
	c.body = `{"ip":"203.0.113.7","kind":"ssh","observed":"2026-11-22T11:00:00 01:30"}` // JSON is no form
	n.ask(t, c, http.StatusBadRequest).wants(t, map[string]any{"field": "observed"})
	n.ask(t, call{line: "GET /v1/incidents?since=2026-11-22T11:00:00+01:30", as: control.RoleReader, tolerated: true}, http.StatusOK)
}
