package abuseipdb_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// strike lets three reporters say the same of an address.
func strike(t *testing.T, n *compattest.Node, addr string, keys ...string) {
	t.Helper()
	for i, key := range keys {
		w := n.Do("POST "+api+"/report", fmt.Sprintf("ip=%s&categories=22&comment=note+%d", addr, i), formBody, "Key: "+key)
		if w.Code != http.StatusOK {
			t.Fatalf("reporting: %d: %s", w.Code, w.Body)
		}
	}
}

func threeKeys(t *testing.T, n *compattest.Node) []string {
	t.Helper()
	keys := []string{n.Keys[control.RoleReporter]}
	for _, name := range []string{"second", "third"} {
		keys = append(keys, n.AddReporter(t, name, control.RoleReporter))
	}
	return keys
}

func TestCheck(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	keys := threeKeys(t, n)
	strike(t, n, "203.0.113.7", keys[:2]...)
	const unknown = `"countryCode":null,"usageType":null,"isp":null,"domain":null,"hostnames":[],"isTor":false`
	want := `{"data":{"ipAddress":"203.0.113.7","isPublic":true,"ipVersion":4,"isWhitelisted":false,"abuseConfidenceScore":79,` + unknown +
		`,"totalReports":2,"numDistinctUsers":2,"lastReportedAt":"2026-11-22T10:00:00+00:00"}}` + "\n"
	w := send(n, "GET /check?ipAddress=203.0.113.7&maxAgeInDays=90", "")
	wants(t, w, http.StatusOK)
	if w.Body.String() != want {
		t.Errorf("answers\n%swant\n%s", w.Body, want)
	}
	n.Wait(time.Minute)
	strike(t, n, "203.0.113.7", keys[2])
	wants(t, send(n, "GET /check?ipAddress=203.0.113.7", ""), http.StatusOK, `"abuseConfidenceScore":100`, `"totalReports":3`, `"lastReportedAt":"2026-11-22T10:01:00+00:00"`)
	exempt(t, n, "203.0.113.0/24")
	wants(t, send(n, "GET /check?ipAddress=203.0.113.7", ""), http.StatusOK, `"isWhitelisted":true,"abuseConfidenceScore":0`)
	wants(t, send(n, "GET /check?ipAddress=203.0.114.1", ""), http.StatusOK, `"abuseConfidenceScore":0`, `"totalReports":0`, `"lastReportedAt":null`)
	wants(t, send(n, "GET /check?ipAddress=10.0.0.1", ""), http.StatusOK, `"isPublic":false`)
	wants(t, send(n, "GET /check?ipAddress=2001:db8::7", ""), http.StatusOK, `"ipVersion":6`)
	n.Wait(48 * time.Hour)
	wants(t, send(n, "GET /check?ipAddress=203.0.113.7&maxAgeInDays=1", ""), http.StatusOK, `"totalReports":0`)
	for _, query := range []string{"", "?ipAddress=", "?ipAddress=x", "?ipAddress=203.0.113.7&maxAgeInDays=0", "?ipAddress=203.0.113.7&maxAgeInDays=366", "?ipAddress=203.0.113.7&maxAgeInDays=many"} {
		wants(t, send(n, "GET /check"+query, ""), http.StatusUnprocessableEntity, `"source":{"parameter":"`)
	}
}

// What is whitelisted has no score, however often it was reported and whoever
// exempted it: somebody by hand, or a set that comes with the program.
func TestCheck_whitelisted(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	keys := threeKeys(t, n)
	exempt(t, n, "203.0.113.0/24")
	for _, addr := range []string{"203.0.113.7", "1.1.1.1"} {
		for reports := range 4 { // three would list
			if reports > 0 {
				w := n.Do("POST "+api+"/report", "ip="+addr+"&categories=22", formBody, "Key: "+keys[reports-1])
				wants(t, w, http.StatusOK, `"abuseConfidenceScore":0`)
			}
			wants(t, send(n, "GET /check?ipAddress="+addr, ""), http.StatusOK, `"isWhitelisted":true,"abuseConfidenceScore":0`)
		}
	}
	w := send(n, "GET /blacklist?plaintext&confidenceMinimum=25", "")
	if w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("the blacklist answers %d: %s", w.Code, w.Body)
	}
}

// A forum's key asks how one address stands, and learns no more.
func TestCheck_by_a_checker(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	strike(t, n, "203.0.113.7", threeKeys(t, n)...)
	_, scoped, err := n.Registrar.AddKey(t.Context(), compattest.Start(), control.KeyOrder{Reporter: "moderator", Role: control.RoleModerator, Scopes: control.ScopesOf(control.ScopeCheck)})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{n.Keys[control.RoleChecker], scoped} {
		ask := func(query string) *httptest.ResponseRecorder { return n.Do("GET "+api+query, "", "Key: "+key) }
		wants(t, ask("/check?ipAddress=203.0.113.7"), http.StatusOK, `"abuseConfidenceScore":100`)
		for _, query := range []string{"/check?ipAddress=203.0.113.7&verbose", "/reports?ipAddress=203.0.113.7", "/blacklist", "/check-block?network=203.0.113.0/24"} {
			wants(t, ask(query), http.StatusForbidden, `"status":403`)
		}
	}
}

// Comments are for their reporter and for moderators.
func TestCheck_verbose(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	keys := threeKeys(t, n)
	strike(t, n, "203.0.113.7", keys...)
	for key, want := range map[string]string{
		keys[0]: "note 0", keys[1]: "note 1", n.Keys[control.RoleReader]: "", n.Keys[control.RoleModerator]: "note 0 note 1 note 2",
	} {
		w := n.Do("GET "+api+"/check?ipAddress=203.0.113.7&verbose", "", "Key: "+key)
		wants(t, w, http.StatusOK, `"countryName":null`, `"categories":[18,22]`, `"reporterCountryCode":null`)
		for i := range 3 {
			note := fmt.Sprintf("note %d", i)
			if got := strings.Contains(w.Body.String(), note); got != strings.Contains(want, note) {
				t.Errorf("with a key that may see %q: %s", want, w.Body)
			}
		}
	}
}

// A reporter's key that may only read sees no comments, and nobody sees one that
// the policy keeps no longer.
func TestCheck_verbose_without_comment(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	strike(t, n, "203.0.113.7", n.Keys[control.RoleReporter])
	_, reads, err := n.Registrar.AddKey(t.Context(), compattest.Start(), control.KeyOrder{Reporter: "reporter", Role: control.RoleReader})
	if err != nil {
		t.Fatal(err)
	}
	tells := func(key string) bool {
		w := n.Do("GET "+api+"/check?ipAddress=203.0.113.7&verbose", "", "Key: "+key)
		wants(t, w, http.StatusOK, `"totalReports":1`)
		return strings.Contains(w.Body.String(), "note 0")
	}
	if tells(reads) || !tells(n.Keys[control.RoleModerator]) {
		t.Error("a key for reading sees the comment, or a moderator's does not")
	}
	_, err = n.Registrar.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) { return p.Set("note_ttl", "1h") })
	if err != nil {
		t.Fatal(err)
	}
	n.Wait(time.Hour + time.Second)
	if tells(n.Keys[control.RoleModerator]) {
		t.Error("a comment is told that is kept no longer")
	}
}

func TestReports_pages(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	for range 5 {
		strike(t, n, "203.0.113.7", n.Keys[control.RoleReporter])
		n.Wait(20 * time.Minute)
	}
	w := send(n, "GET /reports?ipAddress=203.0.113.7&perPage=2&page=2&key="+n.Keys[control.RoleReporter], "")
	wants(t, w, http.StatusOK, `"total":5,"page":2,"count":2,"perPage":2,"lastPage":3,`,
		`"nextPageUrl":"http://example.com`+api+`/reports?ipAddress=203.0.113.7&page=3&perPage=2"`, `page=1&perPage=2"`,
		`"reportedAt":"2026-11-22T10:40:00+00:00"`)
	if strings.Contains(w.Body.String(), "pbx_") {
		t.Error("the key is in the answer")
	}
	wants(t, send(n, "GET /reports?ipAddress=203.0.113.7&perPage=2&page=3", ""), http.StatusOK, `"count":1`, `"nextPageUrl":null`)
	wants(t, send(n, "GET /reports?ipAddress=203.0.113.7&page=9", ""), http.StatusOK, `"count":0`, `"results":[]`, `"lastPage":1`)
	wants(t, send(n, "GET /reports?ipAddress=203.0.113.9", ""), http.StatusOK, `"total":0`, `"lastPage":1`)
	for _, query := range []string{"perPage=0", "perPage=101", "page=0", "page=x", "maxAgeInDays=x"} {
		wants(t, send(n, "GET /reports?ipAddress=203.0.113.7&"+query, ""), http.StatusUnprocessableEntity)
	}
	wants(t, send(n, "GET /reports", ""), http.StatusUnprocessableEntity)
}

// Behind a proxy that ends TLS, other pages are where others reach the server.
func TestReports_pages_behind_a_proxy(t *testing.T) {
	t.Parallel()
	for _, public := range []string{"https://box.example/penaltybox", "https://box.example/penaltybox/"} {
		n := compattest.New(t, func(config *reportapi.Config) { config.PublicURL = public })
		for range 3 {
			strike(t, n, "203.0.113.7", n.Keys[control.RoleReporter])
			n.Wait(20 * time.Minute)
		}
		const pages = `PageUrl":"https://box.example/penaltybox` + api + `/reports?ipAddress=203.0.113.7&page=`
		wants(t, send(n, "GET /reports?ipAddress=203.0.113.7&perPage=1&page=2", ""), http.StatusOK, `"next`+pages+`3&perPage=1"`, `"previous`+pages+`1&perPage=1"`)
	}
}

func TestCheckBlock(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	keys := threeKeys(t, n)
	strike(t, n, "203.0.113.7", keys...)
	strike(t, n, "203.0.113.200", keys[0])
	strike(t, n, "203.0.112.1", keys[0])
	strike(t, n, "2001:db8:0:1::7", keys[0])
	wants(t, send(n, "GET /check-block?network=203.0.113.9/24", ""), http.StatusOK,
		`"networkAddress":"203.0.113.0","netmask":"255.255.255.0","minAddress":"203.0.113.1","maxAddress":"203.0.113.254","numPossibleHosts":254,"addressSpaceDesc":"Internet"`,
		`[{"ipAddress":"203.0.113.7","numReports":3,"mostRecentReport":"2026-11-22T10:00:00+00:00","abuseConfidenceScore":100,"countryCode":null},{"ipAddress":"203.0.113.200","numReports":1`)
	wants(t, send(n, "GET /check-block?network=2001:db8::/48", ""), http.StatusOK,
		`"netmask":"ffff:ffff:ffff::"`, `"numPossibleHosts":1208925819614629174706176`, `"ipAddress":"2001:db8:0:1::/64"`)
	wants(t, send(n, "GET /check-block?network=127.0.0.0/31", ""), http.StatusOK, `"numPossibleHosts":2`, `"maxAddress":"127.0.0.1"`, "loopback", `"reportedAddress":[]`)
	wants(t, send(n, "GET /check-block?network=::ffff:203.0.113.0/120", ""), http.StatusOK, `"networkAddress":"203.0.113.0"`)
	for _, query := range []string{"", "?network=203.0.113.7", "?network=10.0.0.0/8", "?network=2001::/16", "?network=0.0.0.0/0", "?network=::ffff:0.0.0.0/96", "?network=203.0.113.0/24&maxAgeInDays=x"} {
		wants(t, send(n, "GET /check-block"+query, ""), http.StatusUnprocessableEntity)
	}
}

func TestBlacklist(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	wants(t, send(n, "GET /blacklist", ""), http.StatusOK, `{"meta":{"generatedAt":"2026-11-22T10:00:00+00:00"},"data":[]}`)
	keys := threeKeys(t, n)
	strike(t, n, "203.0.113.7", keys...)
	strike(t, n, "2001:db8::7", keys...)
	strike(t, n, "198.51.100.200", keys[0])     // 20 points: 39
	strike(t, n, "198.51.100.201", keys[:2]...) // 40 points: 79
	wants(t, send(n, "GET /blacklist", ""), http.StatusOK, `"data":[{"ipAddress":"203.0.113.7","countryCode":null,"abuseConfidenceScore":100,"lastReportedAt":"2026-11-22T10:00:00+00:00"},{"ipAddress":"2001:db8::/64",`)
	for _, c := range []struct{ query, want string }{
		{"?plaintext", "203.0.113.7 2001:db8::/64"},
		{"?plaintext=true&ipVersion=4", "203.0.113.7"},
		{"?plaintext&ipVersion=6", "2001:db8::/64"},
		{"?plaintext&limit=1", "203.0.113.7"},
		{"?plaintext&confidenceMinimum=79", "203.0.113.7 2001:db8::/64 198.51.100.201"},
		{"?plaintext&confidenceMinimum=80", "203.0.113.7 2001:db8::/64"},
		{"?plaintext&confidenceMinimum=39", "203.0.113.7 2001:db8::/64 198.51.100.201 198.51.100.200"},
		{"?plaintext&confidenceMinimum=40&limit=3", "203.0.113.7 2001:db8::/64 198.51.100.201"},
	} {
		w := send(n, "GET /blacklist"+c.query, "")
		got := strings.Join(strings.Fields(w.Body.String()), " ")
		if w.Code != http.StatusOK || got != c.want || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") || w.Header().Get("X-Generated-At") == "" {
			t.Errorf("%s: %d %q %v, want %q", c.query, w.Code, got, w.Header(), c.want)
		}
	}
	w := n.Do("GET "+api+"/blacklist", "", "Key: "+keys[0], "Accept: text/plain")
	if w.Body.String() != "203.0.113.7\n2001:db8::/64\n" {
		t.Errorf("as text: %q", w.Body)
	}
	w = send(n, "GET /blacklist?confidenceMinimum=25", "")
	var list struct {
		Data []struct {
			IPAddress  string
			Confidence int `json:"abuseConfidenceScore"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Data) != 4 || list.Data[2].Confidence != 79 || list.Data[3].Confidence != 39 {
		t.Errorf("%v: %s", err, w.Body)
	}
	for _, query := range []string{"confidenceMinimum=0", "confidenceMinimum=101", "limit=0", "limit=x", "ipVersion=5", "onlyCountries=DE", "exceptCountries=DE"} {
		wants(t, send(n, "GET /blacklist?"+query, ""), http.StatusUnprocessableEntity)
	}
}

// Who has a blacklist and asks again is told so, until another is listed, or one
// of it is let go, by time too; the JSON also tells of another report, and another
// limit is another list.
func TestBlacklist_unchanged(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	keys := threeKeys(t, n)
	strike(t, n, "203.0.113.7", keys...)
	paths := []string{"/blacklist?plaintext", "/blacklist?plaintext&limit=1", "/blacklist", "/blacklist?confidenceMinimum=25", "/blacklist?plaintext&confidenceMinimum=25"}
	tags := map[string]string{}
	changed := func(what string, want ...int) {
		t.Helper()
		for i, path := range paths {
			w := send(n, "GET "+path, "", "If-None-Match: \"other\", "+tags[path])
			code := http.StatusNotModified
			if want[i] != 0 {
				code = http.StatusOK
			}
			if tag := w.Header().Get("ETag"); w.Code != code || tag == "" || (tag == tags[path]) != (code == http.StatusNotModified) || code == http.StatusNotModified && w.Body.Len() > 0 {
				t.Errorf("%s, %s: %d, %s after %s: %s", path, what, w.Code, tag, tags[path], w.Body)
			}
			tags[path] = w.Header().Get("ETag")
		}
	}
	changed("at first", 1, 1, 1, 1, 1)
	changed("nothing happened", 0, 0, 0, 0, 0)
	n.Wait(16 * time.Minute)
	changed("time went by", 0, 0, 0, 0, 0)
	strike(t, n, "198.51.100.200", keys[0])
	changed("one who is not listed was reported", 0, 0, 0, 1, 1)
	strike(t, n, "203.0.113.7", keys[0])
	changed("one who is listed was reported again", 0, 0, 1, 1, 0)
	strike(t, n, "203.0.113.8", keys...)
	changed("another was listed", 1, 0, 1, 1, 1)
	wants(t, send(n, "DELETE /clear-address?ipAddress=203.0.113.8", ""), http.StatusOK)
	changed("another was let go", 1, 0, 1, 1, 1)
	n.Wait(100 * 24 * time.Hour)
	changed("all has expired", 1, 1, 1, 1, 1)
	changed("nothing is listed", 0, 0, 0, 0, 0)
	if len(slices.Compact(slices.Sorted(maps.Values(tags)))) != 2 {
		t.Errorf("empty lists, as text and as JSON, have the tags %v", tags)
	}
}

func TestClearAddress(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	keys := threeKeys(t, n)
	strike(t, n, "203.0.113.7", keys...)
	wants(t, send(n, "DELETE /clear-address?ipAddress=203.0.113.7", ""), http.StatusOK, `{"data":{"numReportsDeleted":1}}`)
	if score, listed := n.Score("203.0.113.7"); score != 40 || listed {
		t.Errorf("counts %d, listed %t", score, listed)
	}
	wants(t, send(n, "DELETE /clear-address?ipAddress=203.0.113.7", ""), http.StatusOK, `{"data":{"numReportsDeleted":0}}`)
	// The event's next report does not revive it; the next event counts.
	strike(t, n, "203.0.113.7", keys[0])
	if score, _ := n.Score("203.0.113.7"); score != 40 {
		t.Errorf("counts %d after the same event was reported again", score)
	}
	n.Wait(15 * time.Minute)
	strike(t, n, "203.0.113.7", keys[0])
	if score, listed := n.Score("203.0.113.7"); score != 60 || !listed {
		t.Errorf("counts %d, listed %t after another event", score, listed)
	}
	wants(t, send(n, "DELETE /clear-address", ""), http.StatusUnprocessableEntity)
	wants(t, n.Do("DELETE "+api+"/clear-address?ipAddress=203.0.113.7", "", "Key: "+n.Keys[control.RoleReader]), http.StatusForbidden)
	fault := error(errDisk)
	n.Fault.Store(&fault)
	wants(t, send(n, "DELETE /clear-address?ipAddress=203.0.113.7", ""), http.StatusServiceUnavailable)
}
