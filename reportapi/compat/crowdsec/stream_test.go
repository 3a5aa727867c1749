package crowdsec_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring/control"
)

const (
	startup = "GET /v1/decisions/stream?startup=true"
	poll    = "GET /v1/decisions/stream"
	nothing = `{"deleted":[],"new":[]}`
)

func TestStream(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.wants(t, startup, 200, nothing)
	key := n.list(t, "203.0.113.7", "3600s")
	n.list(t, "2a01:4f8:1:2::5", "90s")
	n.wants(t, startup, 200, `{"deleted":[],"new":[`+
		`{"duration":"1h0m0s","id":3405803783,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Ip","type":"ban","value":"203.0.113.7"},`+
		`{"duration":"1m30s","id":5037273764047519,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Range","type":"ban","value":"2a01:4f8:1:2::/64"}]}`)
	n.wait(3)
	n.do(poll, "", n.apiKey(control.RoleReader)) // tells once more what changed just before
	n.wants(t, poll, 200, nothing)
	n.withdraw(t, key)
	n.wants(t, poll, 200, `{"deleted":[`+
		`{"duration":"-1s","id":3405803783,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Ip","type":"ban","value":"203.0.113.7"}],"new":[]}`)
	n.wait(3)
	n.do(poll, "", n.apiKey(control.RoleReader))
	n.wants(t, poll, 200, nothing)
	n.wait(84)
	n.wants(t, poll, 200, `{"deleted":[`+
		`{"duration":"-1s","id":5037273764047519,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Range","type":"ban","value":"2a01:4f8:1:2::/64"}],"new":[]}`)
}

func TestStream_filters(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.list(t, "203.0.113.7", "3600s")
	n.list(t, "2a01:4f8:1:2::5", "3600s")
	const v4, v6 = `"value":"203.0.113.7"`, `"value":"2a01:4f8:1:2::/64"`
	for query, want := range map[string][2]bool{
		"":                                 {true, true},
		"scopes=ip":                        {true, false},
		"scopes=range":                     {false, true},
		"scopes=Ip,Range":                  {true, true},
		"scopes=country":                   {false, false},
		"origins=penaltybox,CAPI":          {true, true},
		"origins=CAPI,lists":               {false, false},
		"types=captcha":                    {false, false},
		"scenarios_containing=ssh":         {false, false},
		"scenarios_containing=ssh,hack":    {true, true},
		"scenarios_not_containing=HACKED":  {false, false},
		"scenarios_not_containing=ssh":     {true, true},
		"dedup=false&community_pull=false": {true, true},
	} {
		for _, line := range []string{startup + "&" + query, "GET /v1/decisions?" + query} {
			got := n.do(line, "", n.apiKey(control.RoleReader)).Body.String()
			if strings.Contains(got, v4) != want[0] || strings.Contains(got, v6) != want[1] {
				t.Errorf("%s answers %s, want %v", line, got, want)
			}
		}
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.wants(t, "GET /v1/decisions?ip=203.0.113.7", 200, "null")
	n.wants(t, "GET /v1/decisions", 200, "null")
	n.list(t, "203.0.113.7", "60s")
	n.list(t, "2a01:4f8:1:2::5", "60s")
	v4 := `{"duration":"1m0s","id":3405803783,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Ip","type":"ban","value":"203.0.113.7"}`
	v6 := `{"duration":"1m0s","id":5037273764047519,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Range","type":"ban","value":"2a01:4f8:1:2::/64"}`
	for query, want := range map[string]string{
		"ip=203.0.113.7":                  "[" + v4 + "]",
		"ip=::ffff:203.0.113.7":           "[" + v4 + "]",
		"ip=203.0.113.8":                  "null",
		"ip=2a01:4f8:1:2::9":              "[" + v6 + "]",
		"ip=2a01:4f8:1:3::9":              "null",
		"range=203.0.113.0/24":            "[" + v4 + "]",
		"range=203.0.112.0/24":            "null",
		"scope=Range&value=2a01:4f8::/32": "[" + v6 + "]",
		"":                                "[" + v4 + "," + v6 + "]",

		"ip=203.0.113.7&range=203.0.113.0/24": "[" + v4 + "]",
		"ip=203.0.113.7&range=203.0.112.0/24": "null",
		"scenario=penaltybox/hacked":          "[" + v4 + "," + v6 + "]",
		"scenario=hacked":                     "null", // is all of a name
	} {
		n.wants(t, "GET /v1/decisions?"+query, 200, want)
	}
	for _, empty := range []string{"ip=", "ip=%20", "range=", "scope=Ip&value="} { // whose clients take the answer for one address's
		if w := n.do("GET /v1/decisions?"+empty, "", n.apiKey(control.RoleReader)); w.Code != http.StatusBadRequest {
			t.Errorf("%s answers %d: %s", empty, w.Code, w.Body)
		}
	}
	n.wants(t, "GET /v1/decisions?ip=example.org", 400, `{"message":"ip \"example.org\": neither an address nor a range such as 203.0.113.0/24"}`)
	n.wait(59)
	n.wants(t, "GET /v1/decisions?ip=203.0.113.7", 200, "["+strings.Replace(v4, "1m0s", "1s", 1)+"]")
	n.ahead = time.Second // and no sweep came by
	n.wants(t, "GET /v1/decisions?ip=203.0.113.7", 200, "null")
	n.wants(t, "GET /v1/decisions", 200, "null")
	n.wants(t, startup, 200, nothing)
}

func TestBouncer_key(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const refused = `{"message":"access forbidden"}`
	for _, line := range []string{startup, poll, "GET /v1/decisions?ip=203.0.113.7", "POST /v1/usage-metrics"} {
		for _, header := range []string{"X-Api-Key: ", "X-Api-Key: pbx_wrong", "Accept: */*"} {
			if w := n.do(line, "", header); w.Code != http.StatusForbidden || w.Body.String() != refused {
				t.Errorf("%s with %q answers %d: %s", line, header, w.Code, w.Body)
			}
		}
	}
	if w := n.do("HEAD /v1/decisions", ""); w.Code != http.StatusForbidden {
		t.Errorf("HEAD without a key answers %d", w.Code)
	}
	n.wants(t, "POST /v1/usage-metrics", 201, "")
	n.wants(t, "GET /health", 200, "")
	n.wants(t, "HEAD /v1/decisions", 200, "")
}

// Bouncers exit when their first request fails.
func TestBouncer_whileLoading(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.list(t, "203.0.113.7", "60s")
	n.Loaded.Store(false)
	n.wants(t, startup, 200, `{"new":null,"deleted":null}`)
	n.wants(t, "GET /v1/decisions?ip=203.0.113.7", 200, "null")
	n.Loaded.Store(true)
	n.listed(t, poll, "203.0.113.7")
}

// listed wants an answer in which exactly these values are new.
func (n *node) listed(t testing.TB, line string, want ...string) {
	t.Helper()
	n.answered(t, line, nil, want)
}

// answered wants an answer that deletes and lists exactly these values.
func (n *node) answered(t testing.TB, line string, deleted, listed []string, headers ...string) {
	t.Helper()
	w := n.do(line, "", append([]string{n.apiKey(control.RoleReader)}, headers...)...)
	got := readAnswer(t, w)
	if values(got.Deleted) != strings.Join(deleted, " ") || values(got.New) != strings.Join(listed, " ") {
		t.Errorf("%s %s answers %s, want deleted %v, new %v", line, headers, w.Body, deleted, listed)
	}
}

// Clients that differ in anything have cursors of their own.
func TestStream_cursors(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	clients := [][]string{
		nil, {"From: 198.51.100.10:40000"}, {"User-Agent: nginx/1"}, {"User-Agent: firewall/1"},
	}
	for _, client := range clients {
		n.answered(t, startup, nil, nil, client...)
	}
	n.answered(t, startup+"&scopes=ip", nil, nil)
	n.wait(5)
	n.list(t, "203.0.113.7", "60s")
	for _, client := range clients {
		n.do("HEAD /v1/decisions/stream", "", append(client, n.apiKey(control.RoleReader))...) // moves nothing
		n.answered(t, poll, nil, []string{"203.0.113.7"}, client...)
	}
	n.answered(t, poll+"?startup=false&scopes=ip", nil, []string{"203.0.113.7"})
	n.wait(5)
	for _, client := range clients {
		n.answered(t, poll, nil, []string{"203.0.113.7"}, client...) // it had just changed
		n.answered(t, poll, nil, nil, client...)
	}
	n.answered(t, poll, nil, []string{"203.0.113.7"}, "User-Agent: unknown") // gets everything
	n.answered(t, startup, nil, []string{"203.0.113.7"})                     // begins anew
}

// What an answer told counts as read when the next request comes on the same
// connection; else it is told again.
func TestStream_lostAnswer(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.answered(t, startup, nil, nil)
	n.list(t, "203.0.113.7", "60s")
	n.wait(5)
	n.answered(t, poll, nil, []string{"203.0.113.7"})
	n.wait(5)
	n.answered(t, poll, nil, []string{"203.0.113.7"}, "From: "+clientAddr+":40001")
	n.wait(5)
	n.answered(t, poll, nil, nil, "From: "+clientAddr+":40001")
	n.answered(t, poll, nil, nil, "From: "+clientAddr+":40002")
}

// brokenWriter is a connection that breaks.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("connection reset") }

// An answer that could not be written does not move the cursor.
func TestStream_brokenAnswer(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.answered(t, startup, nil, nil)
	n.list(t, "203.0.113.7", "60s")
	n.wait(5)
	n.api.ServeHTTP(brokenWriter{httptest.NewRecorder()}, request(poll, "", n.apiKey(control.RoleReader)))
	n.wait(5)
	n.answered(t, poll, nil, []string{"203.0.113.7"})
}

// A server that restarted does not know how far clients read: they get all, and
// are told what to let go.
func TestStream_afterRestart(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key := n.list(t, "203.0.113.7", "600s")
	n.list(t, "203.0.113.8", "600s")
	n.listed(t, startup, "203.0.113.7", "203.0.113.8")
	n.withdraw(t, key)
	n.restart(t)
	n.answered(t, poll, []string{"203.0.113.7"}, []string{"203.0.113.8"})
	n.answered(t, startup, nil, []string{"203.0.113.8"})
}

// The full list after a restart may be lost, too: it is told again until the
// client is known to have it, but not for ever to one that opens a connection for
// each request.
func TestStream_afterRestart_lostAnswer(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.list(t, "203.0.113.7", "600s")
	n.listed(t, startup, "203.0.113.7")
	from := func(port string) string { return "From: " + clientAddr + ":" + port }
	n.wait(5)
	n.restart(t)
	n.answered(t, poll, nil, []string{"203.0.113.7"}, from("40001"))
	n.answered(t, poll, nil, []string{"203.0.113.7"}, from("40002"))
	n.answered(t, poll, nil, nil, from("40002"))
	n.answered(t, poll, nil, nil, from("40003"))
	n.restart(t)
	for _, port := range []string{"40011", "40012", "40013"} {
		n.answered(t, poll, nil, []string{"203.0.113.7"}, from(port))
	}
	n.answered(t, poll, nil, nil, from("40014"))
}

// An extension is told at once, and again when the end that was told first has
// passed, and once more for clients that are slow.
func TestStream_extension(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.list(t, "203.0.113.7", "20s")
	n.listed(t, startup, "203.0.113.7")
	n.wait(5)
	n.list(t, "203.0.113.7", "600s")
	var told []int64
	for range 50 {
		w := n.do(poll, "", n.apiKey(control.RoleReader))
		if answer := readAnswer(t, w); len(answer.New) > 0 {
			told = append(told, int64(n.now().Sub(compattest.Start())/time.Second))
		} else if len(answer.Deleted) > 0 {
			t.Fatalf("it was deleted: %s", w.Body)
		}
		n.wait(1)
	}
	want := []int64{5, 6, 7, 8, 20, 21, 22, 23, 36} // each again by polls whose last was within two seconds
	if len(told) != len(want) {
		t.Fatalf("told at %v, want %v", told, want)
	}
	for i := range want {
		if told[i] != want[i] {
			t.Fatalf("told at %v, want %v", told, want)
		}
	}
}
