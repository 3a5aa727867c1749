package crowdsec_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// alertOf is an alert as an agent 1.4.6 sends it.
func alertOf(scenario, ip string, at time.Time) string {
	when := at.Format(time.RFC3339Nano)
	return fmt.Sprintf(`{"capacity":5,"decisions":null,"events":[{"meta":[{"key":"target_user","value":"secretuser"},`+
		`{"key":"http_path","value":"/secret/path"}],"timestamp":%q}],"events_count":6,"labels":null,"leakspeed":"10s",`+
		`"message":"Ip %s performed '%s' (6 events over 5s)","scenario":%q,"scenario_hash":"1f","scenario_version":"0.1","simulated":false,`+
		`"source":{"ip":%q,"scope":"Ip","value":%q},"start_at":%q,"stop_at":%q}`, when, ip, scenario, scenario, ip, ip, when, when)
}

// handAlert is what cscli 1.4.6 sends for "decisions add".
func handAlert(scope, value, kind string) string {
	return fmt.Sprintf(`[{"capacity":0,"decisions":[{"duration":"4h0m0s","origin":"cscli","scenario":"manual 'ban' from 'srv1'","scope":%q,"type":%q,"value":%q}],`+
		`"events":[],"events_count":1,"leakspeed":"0","message":"manual 'ban' from 'srv1'","scenario":"manual 'ban' from 'srv1'","simulated":false,`+
		`"source":{"ip":%q,"scope":%q,"value":%q},"start_at":"2026-11-22T10:00:00Z","stop_at":"2026-11-22T10:00:00Z"}]`, scope, kind, value, value, scope, value)
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	token := n.login(t, control.RoleReporter)
	now := compattest.Start()
	body := "[" + alertOf("crowdsecurity/ssh-bf", "203.0.113.7", now) + "," + alertOf("crowdsecurity/http-sensitive-files", "203.0.113.7", now) + "]"
	w := n.do("POST /v1/alerts", body, token)
	if w.Code != http.StatusCreated || w.Body.String() != `["1","2"]` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	score(t, n, "203.0.113.7", 45)
	for _, note := range n.Notes(t, "203.0.113.7") {
		if strings.Contains(note, "secret") && !strings.Contains(note, "web.secret") {
			t.Errorf("the note %q tells too much", note)
		}
	}
	n.do("POST /v1/alerts", body, token) // sent again
	// Another scenario of the same kind that the same event completed.
	n.do("POST /v1/alerts", "["+alertOf("crowdsecurity/ssh-bf_user-enum", "203.0.113.7", now)+"]", token)
	score(t, n, "203.0.113.7", 45)
	n.do("POST /v1/alerts", "["+alertOf("crowdsecurity/ssh-bf", "203.0.113.7", now.Add(time.Minute))+"]", token)
	score(t, n, "203.0.113.7", 65)
}

func TestAlerts_gzip(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var body bytes.Buffer
	zip := gzip.NewWriter(&body)
	_, err := zip.Write([]byte("[" + alertOf("crowdsecurity/ssh-bf", "203.0.113.7", compattest.Start()) + "]"))
	must(t, err)
	must(t, zip.Close())
	w := n.do("POST /v1/alerts", body.String(), n.login(t, control.RoleReporter), "Content-Encoding: gzip")
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	score(t, n, "203.0.113.7", 20)
}

// An agent sends what is refused for ever, so it is told of nothing that it
// cannot mend; what is passed over counts nothing.
func TestAlerts_passedOver(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	token := n.login(t, control.RoleReporter)
	plain := alertOf("crowdsecurity/ssh-bf", "203.0.113.7", compattest.Start())
	decided := func(origin string) string {
		return strings.Replace(plain, `"decisions":null`, `"decisions":[{"duration":"4h","origin":"`+origin+`","scenario":"x","scope":"Ip","type":"ban","value":"203.0.113.7"}]`, 1)
	}
	for name, alert := range map[string]string{
		"simulated":       strings.Replace(plain, `"simulated":false`, `"simulated":true`, 1),
		"central":         decided("CAPI"),
		"a list":          decided("lists:firehol"),
		"our own":         decided("penaltybox"),
		"our scenario":    strings.ReplaceAll(plain, "crowdsecurity/ssh-bf", "penaltybox/ssh"),
		"a DNSBL's word":  strings.ReplaceAll(plain, "crowdsecurity/ssh-bf", "crowdsecurity/postscreen-rbl"),
		"a range":         strings.NewReplacer(`"scope":"Ip"`, `"scope":"Range"`, `"value":"203.0.113.7"}`, `"value":"203.0.113.0/24"}`).Replace(plain),
		"private":         strings.ReplaceAll(plain, "203.0.113.7", "10.1.2.3"),
		"long past":       strings.ReplaceAll(plain, "2026-11-22", "2025-11-22"),
		"a country":       strings.NewReplacer(`"ip":"203.0.113.7"`, `"ip":""`, `"value":"203.0.113.7"}`, `"value":"FR"}`).Replace(plain),
		"to be":           strings.ReplaceAll(plain, "2026-11-22", "2026-11-23"),
		"without address": strings.Replace(plain, `"source":{"ip":"203.0.113.7","scope":"Ip","value":"203.0.113.7"},`, "", 1),
	} {
		if w := n.do("POST /v1/alerts", "["+alert+"]", token); w.Code != http.StatusCreated || w.Body.String() != `["1"]` {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if got, _ := n.Score("203.0.113.7"); got != 0 {
			t.Fatalf("%s counts %d", name, got)
		}
	}
	n.do("POST /v1/alerts", "["+decided("crowdsec")+"]", token) // another API's decision on its own agent's alert
	score(t, n, "203.0.113.7", 20)
}

func TestAlerts_broken(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	token := n.login(t, control.RoleReporter)
	plain := alertOf("crowdsecurity/ssh-bf", "203.0.113.7", compattest.Start())
	for _, body := range []string{
		"", "null", "{}", plain, "[" + plain, "[" + plain + "]]", "[" + plain + "] x", "[1]", `["x"]`, "[" + plain + ",{]",
		`[{"source":"203.0.113.7"}]`, "[{\"scenario\":\x00}]",
	} {
		if w := n.do("POST /v1/alerts", body, token); w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Body.String(), `{"message":"`) {
			t.Errorf("%.60q: %d %s", body, w.Code, w.Body)
		}
	}
	score(t, n, "203.0.113.7", 0)
	n.Fault.Store(&scoring.ErrUnavailable)
	if w := n.do("POST /v1/alerts", "["+plain+"]", token); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a ledger: %d %s", w.Code, w.Body)
	}
}

func TestAlerts_keys(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	body := "[" + alertOf("crowdsecurity/ssh-bf", "203.0.113.7", compattest.Start()) + "]"
	for name, c := range map[string]struct {
		header string
		status int
	}{
		"nothing":                  {"Accept: */*", 403},
		"a reader logged in":       {n.login(t, control.RoleReader), 403},
		"a bearer of nonsense":     {"Authorization: Bearer nonsense", 401},
		"a bearer of a key":        {"Authorization: Bearer " + n.Keys[control.RoleReporter], 401},
		"a notification's own key": {n.apiKey(control.RoleReporter), 201},
	} {
		if w := n.do("POST /v1/alerts", body, c.header); w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.status)
		}
	}
	token := n.login(t, control.RoleReporter)
	n.ahead = time.Hour
	if w := n.do("GET /v1/heartbeat", "", token); w.Code != http.StatusUnauthorized {
		t.Errorf("a token of an hour ago: %d", w.Code)
	}
	n.ahead = 0
	n.restart(t)
	if w := n.do("GET /v1/heartbeat", "", token); w.Code != http.StatusUnauthorized {
		t.Errorf("a token from before a restart: %d", w.Code)
	}
}

func TestLogin_refused(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for body, status := range map[string]int{
		"":                                      400,
		"[]":                                    400,
		`{"machine_id":"x","password":"wrong"}`: 401,
		`{"machine_id":"x","password":"` + n.Keys[control.RoleReporter] + `"}`: 401,
		`{"machine_id":"reporter"}`: 401,
	} {
		if w := n.do("POST /v1/watchers/login", body); w.Code != status {
			t.Errorf("%s: %d %s, want %d", body, w.Code, w.Body, status)
		}
	}
	w := n.do("POST /v1/watchers", `{"machine_id":"x","password":"y"}`)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "penaltybox reporter add") {
		t.Errorf("registration: %d %s", w.Code, w.Body)
	}
	n.Loaded.Store(false)
	if w := n.do("POST /v1/watchers/login", `{}`); w.Code != http.StatusServiceUnavailable {
		t.Errorf("while loading: %d %s", w.Code, w.Body)
	}
}

func score(t *testing.T, n *node, ip string, want int) {
	t.Helper()
	if got, _ := n.Score(ip); got != want {
		t.Errorf("%s has %d points, want %d", ip, got, want)
	}
}
