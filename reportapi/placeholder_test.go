package reportapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// unfilled are what clients send whose configuration leaves values out.
func unfilled() []string {
	return []string{"<ip>", "<F-ID>", "%(ip)s", "$IP", "${IP}", "$1", "{{ip}}", "{{ .Source.IP }}", "{ip}", "%IP%"}
}

// An address that was never filled in is told as that, whatever it comes in.
func TestReport_placeholder_for_the_address(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	admin, moderator := n.keys[control.RoleAdmin], n.keys[control.RoleModerator]
	bearer := "Authorization: Bearer " + admin
	quoted := func(text string) string {
		encoded, err := json.Marshal(text)
		must(t, err)
		return string(encoded)
	}
	for name, send := range map[string]func(ip string) call{
		"a form": func(ip string) call {
			return call{body: "kind=ssh&ip=" + url.QueryEscape(ip), headers: []string{bearer, formBody}}
		},
		"a form that is not encoded": func(ip string) call { return call{body: "kind=ssh&ip=" + ip, headers: []string{bearer, formBody}} },
		"JSON": func(ip string) call {
			return call{body: `{"kind":"ssh","ip":` + quoted(ip) + `}`, headers: []string{bearer, jsonBody}}
		},
		"AbuseIPDB": func(ip string) call {
			return call{line: "POST /compat/abuseipdb/api/v2/report", body: "categories=22&ip=" + ip, headers: []string{"Key: " + admin, formBody}}
		},
		"blocklist.de": func(ip string) call {
			return call{line: "POST /compat/blocklistde/en/httpreports.html?format=json", body: "service=ssh&apikey=" + admin + "&ip=" + ip, headers: []string{formBody}}
		},
		"rspamd": func(ip string) call {
			return call{line: "POST /compat/rspamd/metadata", body: `{"action":"reject","ip":` + quoted(ip) + `}`, headers: []string{bearer, jsonBody}}
		},
		"cscli": func(ip string) call {
			return call{line: "POST /compat/crowdsec/v1/alerts", body: `[{"decisions":[{"origin":"cscli","scope":"Ip","duration":"4h","type":"ban","value":` + quoted(ip) + `}]}]`, headers: []string{"X-Api-Key: " + moderator, jsonBody}}
		},
	} {
		for _, ip := range unfilled() {
			c := send(ip)
			if c.line == "" {
				c.line = "POST /v1/incidents"
			}
			w := httptest.NewRecorder()
			n.ServeHTTP(w, n.request(c))
			if w.Code/100 != 4 || !strings.Contains(w.Body.String(), "should have put") || !inOwnShape(c.line, w) {
				t.Errorf("%s with %s answers %d: %s", name, ip, w.Code, w.Body)
			}
		}
	}
	// An agent sends again what is refused: only the log is told.
	agent := call{line: "POST /compat/crowdsec/v1/alerts", body: `[{"scenario":"crowdsecurity/ssh-bf","source":{"scope":"Ip","value":"{{ip}}"}}]`, headers: []string{"X-Api-Key: " + admin, jsonBody}}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, n.request(agent))
	if w.Code != http.StatusCreated || !strings.Contains(n.log.String(), "should have put an address in the place of") {
		t.Errorf("an agent is answered %d: %s\n%s", w.Code, w.Body, n.log)
	}
}

// Kinds, too. A jail's name with its filter's options is answered with the kinds
// that there are; notes are whatever log lines were.
func TestReport_placeholder_for_others(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for body, want := range map[string]string{
		"ip=203.0.113.7&kind=<kind>":                  "should have put a kind",
		"ip=203.0.113.7&kind=$KIND":                   "should have put a kind",
		"ip=203.0.113.7&category={{category}}":        "should have put a kind",
		"ip=203.0.113.7&kind=%(kind)s":                "should have put a value",
		"ip=203.0.113.7&kind=sshd[mode=normal]":       "known kinds are",
		"ip=203.0.113.7&kind=ssh&observed=<time>":     "observed",
		"ip=203.0.113.7&kind=ssh&points=<points>":     "points",
		"ip=203.0.113.7&kind=ssh&ttl=$TTL":            "ttl",
		"ip=<ip>&kind=ssh&service=sshd[mode=normal]":  "should have put an address",
		"ip=203.0.113.7&kind=ssh&failures=<failures>": "failures",
		"ip=203.0.113.7 203.0.113.8&kind=ssh":         "send one address",
	} {
		w := n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: body, headers: []string{formBody}})
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || decode(t, w.Body.Bytes()).at("hint") == nil {
			t.Errorf("%s answers %d: %s", body, w.Code, w.Body)
		}
	}
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh&service=sshd[mode=normal]&note=<matches>")
}

// IPv6 comes as it is: colons are no part of a form's own marks.
func TestReport_IPv6_in_forms(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for ip, want := range map[string]string{
		"2001:db8::1":            "2001:db8::/64",
		"2001%3Adb8%3A%3A1":      "2001:db8::/64",
		"2001:DB8:0:0:0:0:0:1":   "2001:db8::/64",
		"2001:db8::1/128":        "2001:db8::/64",
		"2001:db8::/64":          "2001:db8::/64",
		"+2001:db8::1+":          "2001:db8::/64",
		"::ffff:203.0.113.7":     "203.0.113.7/32",
		"::ffff:cb00:7107":       "203.0.113.7/32",
		"::FFFF:203.0.113.7/128": "203.0.113.7/32",
	} {
		n.report(t, control.RoleReporter, "kind=ssh&ip="+ip).wants(t, map[string]any{"prefix": want})
	}
	for ip, want := range map[string]string{
		"2001:db8::1%eth0":        "--data-urlencode",
		"2001:db8::1%25eth0":      "zone",
		"fe80::1%25eth0":          "zone",
		"[2001:db8::1]":           "address",
		"[2001:db8::1]:443":       "address",
		"203.0.113.7:22":          "address",
		"2001:db8::1::":           "address",
		"2001:db8":                "address",
		"::ffff:127.0.0.1":        "never listed",
		"::ffff:0:203.0.113.7":    "",
		"2001:db8::1,2001:db8::2": "one address",
	} {
		w := n.do(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "kind=ssh&ip=" + ip, headers: []string{formBody}})
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || decode(t, w.Body.Bytes()).at("hint") == nil {
			t.Errorf("%s answers %d: %s", ip, w.Code, w.Body)
		}
	}
}
