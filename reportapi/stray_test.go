package reportapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// foreign makes a request as clients of foreign formats do, with a key wherever
// they have it.
func (n *node) foreign(line, body string, role control.Role) *httptest.ResponseRecorder {
	key, w := n.keys[role], httptest.NewRecorder()
	n.ServeHTTP(w, n.request(call{line: line, body: body, headers: []string{formBody, "Key: " + key, "X-Api-Key: " + key}}))
	return w
}

// Who asks a foreign format for a path or by a method that it does not have is
// told so in its own words, and everybody where to look.
func TestStray(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const abuseIPDB, crowdSec, ours = `{"errors":[{"detail":"/`, `{"message":"/`, `{"type":"about:blank"`
	for line, want := range map[string]struct {
		status     int
		begins, is string
	}{
		"GET /compat/abuseipdb/api/v2/categories": {404, abuseIPDB, `GET /compat/abuseipdb/api/v2/check,`},
		"GET /compat/abuseipdb/":                  {404, abuseIPDB, `POST /compat/abuseipdb/api/v2/report"`},
		"DELETE /compat/abuseipdb/api/v2/report":  {405, abuseIPDB, `allowed are POST`},
		"GET /compat/crowdsec/":                   {404, crowdSec, `GET /compat/crowdsec/v1/decisions/stream`},
		"POST /compat/crowdsec/v2/signals":        {404, crowdSec, `/compat/crowdsec/v1/alerts`},
		"PUT /compat/crowdsec/v1/decisions":       {405, crowdSec, `does not take PUT`},
		"GET /compat/blocklistde/fr/":             {404, ours, `POST /compat/blocklistde/en/httpreports.html`},
		"GET /compat/rspamd/metadata":             {405, ours, `allowed are POST`},
		"GET /compat/stopforumspam/api.php":       {404, ours, `GET /compat/stopforumspam/api,`},
		"GET /compat/spamhaus":                    {404, ours, `/compat/abuseipdb, /compat/blocklistde, /compat/crowdsec, /compat/rspamd, /compat/stopforumspam"`},
		"GET /compat":                             {404, ours, `/compat/abuseipdb, `},
		"GET /v1/nothing":                         {404, ours, `/openapi.yaml`},
		"GET /compatible":                         {404, ours, `/lookup and /report`},
	} {
		w := n.foreign(line, "", control.RoleAdmin)
		body := w.Body.String()
		if w.Code != want.status || !strings.HasPrefix(body, want.begins) || !strings.Contains(body, want.is) || !json.Valid(w.Body.Bytes()) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s answers %d: %v %s", line, w.Code, w.Header(), body)
		}
		if want.begins != ours && !inOwnShape(line, w) {
			t.Errorf("%s answers in another shape: %s", line, body)
		}
		if want.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s does not say what is allowed", line)
		}
	}
}

// Clients put the paths of foreign formats together of parts that end and begin
// in slashes, and CrowdSec's have them at the root.
func TestFront(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	for line, want := range map[string]string{
		"GET /compat/crowdsec//v1/decisions?ip=203.0.113.7":                                          `[{"duration":`,
		"GET /compat//crowdsec///v1//decisions?ip=203.0.113.7":                                       `[{"duration":`,
		"GET /compat/crowdsec/v1/decisions/?ip=203.0.113.7":                                          `[{"duration":`,
		"GET /compat/crowdsec//v1/decisions/stream?startup=true":                                     `"value":"203.0.113.7"`,
		"GET /compat/abuseipdb/api/v2//check?ipAddress=203.0.113.7":                                  `"abuseConfidenceScore":100`,
		"GET /compat/abuseipdb/api/v2/check/?ipAddress=203.0.113.7":                                  `"abuseConfidenceScore":100`,
		"POST /compat/abuseipdb/api/v2/report/?ip=203.0.113.8&categories=22":                         `"ipAddress":"203.0.113.8"`,
		"POST /compat/abuseipdb//api/v2/report?ip=203.0.113.8&categories=22":                         `"ipAddress":"203.0.113.8"`,
		"GET /compat/stopforumspam//api/?ip=203.0.113.7&json&api_key=" + n.keys[control.RoleChecker]: `"appears":1`,
		"GET /v1/decisions?ip=203.0.113.7":                                                           `[{"duration":`,
		"GET /v1/decisions?ip=203.0.113.8":                                                           `null`,
		"GET //v1/decisions?ip=203.0.113.7":                                                          `[{"duration":`,
		"GET /v1/decisions/stream?startup=true":                                                      `"value":"203.0.113.7"`,
		"GET /v1/alerts?ip=203.0.113.7":                                                              `"value":"203.0.113.7"`,
		"GET /v1/heartbeat":                                                                          ``,
		"GET /v1/allowlists":                                                                         `[]`,
		"GET /v1/allowlists/check/203.0.113.7":                                                       `"allowlisted":false`,
		"GET /health":                                                                                ``,
	} {
		w := n.foreign(line, "", control.RoleAdmin)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s answers %d: %.300s", line, w.Code, w.Body)
		}
	}
	login := `{"machine_id":"reporter","password":"` + n.keys[control.RoleReporter] + `"}`
	if w := n.foreign("POST /v1/watchers/login", login, control.RoleChecker); w.Code != http.StatusOK {
		t.Errorf("logging in at the root: %d %s", w.Code, w.Body)
	}
	if w := n.foreign("POST /v1/usage-metrics", "{}", control.RoleReader); w.Code != http.StatusCreated {
		t.Errorf("usage at the root: %d %s", w.Code, w.Body)
	}
	if w := n.foreign("GET /v1/decisions/none", "", control.RoleReader); w.Code/100 != 4 || !strings.HasPrefix(w.Body.String(), `{"message":`) {
		t.Errorf("a path that the LAPI has not: %d %s", w.Code, w.Body)
	}
	// The native API has its paths to itself, and as they are.
	for _, line := range []string{"GET //v1/policy", "GET /v1/policy/", "GET /healthz/", "GET /healthy"} {
		if w := n.foreign(line, "", control.RoleAdmin); w.Code != http.StatusNotFound {
			t.Errorf("%s answers %d: %.300s", line, w.Code, w.Body)
		}
	}
	for _, route := range n.routes() {
		if strings.HasPrefix(route.Path, "/compat/") {
			continue
		}
		for _, theirs := range []string{"/v1/decisions", "/v1/alerts", "/v1/watchers", "/v1/heartbeat", "/v1/usage-metrics", "/v1/allowlists", "/health"} {
			if route.Path == theirs || strings.HasPrefix(route.Path, theirs+"/") {
				t.Errorf("%s is hidden by CrowdSec's path", route.Path)
			}
		}
	}
}
