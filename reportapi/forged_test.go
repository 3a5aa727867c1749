package reportapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// forgedHeaders name another client, as proxies do.
func forgedHeaders(ip string) []string {
	return []string{
		"X-Forwarded-For: " + ip, "X-Real-Ip: " + ip, "Forwarded: for=" + ip + ";proto=https", "Cf-Connecting-Ip: " + ip, "True-Client-Ip: " + ip,
		"X-Client-Ip: " + ip, "X-Cluster-Client-Ip: " + ip, "Client-Ip: " + ip, "X-Appengine-Remote-Addr: " + ip, "Fly-Client-Ip: " + ip,
	}
}

// Whatever route a key is used on, and whatever its client says of itself: the
// source that is remembered is where the connection came from.
func TestForged_source_of_every_route(t *testing.T) {
	t.Parallel()
	used := map[netip.Addr]int{}
	n := newNode(t, func(c *reportapi.Config) {
		c.KeyUsed = func(_ time.Time, _ string, source netip.Addr) { used[source]++ }
	})
	requests := 0
	for _, route := range n.routes() {
		if route.Method == http.MethodHead || strings.HasPrefix(route.Path, "/report") {
			continue
		}
		requests++
		key := n.keys[control.RoleAdmin]
		target := strings.NewReplacer(":key", key, ":ip", "203.0.113.7", ":format", "plain").Replace(route.Path) + "?apikey=" + key + "&api_key=" + key
		headers := append(forgedHeaders("203.0.113.7"), "Authorization: Bearer "+key, "Key: "+key, "X-Api-Key: "+key, jsonBody)
		if strings.Contains(route.Path, "/crowdsec/") { // where a bearer is an agent's token
			headers = append(forgedHeaders("203.0.113.7"), "X-Api-Key: "+key)
		}
		n.ServeHTTP(httptest.NewRecorder(), n.request(call{line: route.Method + " " + target, body: "{}", headers: headers}))
	}
	if count := used[netip.MustParseAddr(clientAddr)]; len(used) != 1 || count < requests/2 {
		t.Errorf("keys were used from %v in %d requests", used, requests)
	}
}

// Who guesses keys, looks addresses up or asks for removals does not become
// somebody else by a header.
func TestForged_source_of_limits(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]call{
		"wrong keys":              {line: "GET /v1/check/203.0.113.7", headers: []string{"X-Api-Key: pbx_guess"}},
		"wrong keys of AbuseIPDB": {line: "POST /compat/abuseipdb/api/v2/report", headers: []string{"Key: pbx_guess"}},
		"wrong keys of rspamd":    {line: "POST /compat/rspamd/metadata", headers: []string{"X-Api-Key: pbx_guess"}},
		"wrong keys of CrowdSec":  {line: "GET /compat/crowdsec/v1/decisions", headers: []string{"X-Api-Key: pbx_guess"}},
		"wrong keys of blocklist": {line: "POST /compat/blocklistde/en/httpreports.html?apikey=pbx_guess"},
		"wrong keys of forums":    {line: "GET /compat/stopforumspam/api?ip=203.0.113.7&api_key=pbx_guess"},
		"wrong keys in a path":    {line: "GET /lists/pbx_guess/plain"},
		"look-ups":                {line: "GET /lookup?ip=203.0.113.7"},
		"requests for removal":    {line: "POST /removal", body: "{}", headers: []string{jsonBody}},
	} {
		n, refused := newNode(t), 0
		for i := range 200 {
			forged := request
			forged.headers = append(forgedHeaders("203.0.113."+strconv.Itoa(i)), request.headers...)
			w := httptest.NewRecorder()
			if n.ServeHTTP(w, n.request(forged)); w.Code == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused < 100 {
			t.Errorf("%s: %d of 200 are refused", name, refused)
		}
	}
}
