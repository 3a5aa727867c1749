package compat_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/protect"
)

// tongue is a format with its ways to ask, and its ways to say no.
type tongue struct {
	name string
	// report reports an address; look asks for something. Both stand for what a
	// client of the format does over and over; nil: it has none.
	report func(n *compattest.Node, key, ip string) *httptest.ResponseRecorder
	look   func(n *compattest.Node, key string) *httptest.ResponseRecorder
	// no is how an answer of a status and a text begins and ends.
	no func(status int, why string) (prefix, suffix string)
	// wrongKey is the status for a key that is not taken.
	wrongKey int
	// quiet formats take what is over a quota without a word, because their
	// clients would send it again every second.
	quiet bool
}

func form(pairs ...string) (string, string) {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode(), "Content-Type: application/x-www-form-urlencoded"
}

func tongues() []tongue {
	return []tongue{{
		name: "AbuseIPDB", wrongKey: http.StatusUnauthorized,
		report: func(n *compattest.Node, key, ip string) *httptest.ResponseRecorder {
			body, kind := form("ip", ip, "categories", "18,22", "comment", "root")
			return n.Do("POST /compat/abuseipdb/api/v2/report", body, kind, "Key: "+key)
		},
		look: func(n *compattest.Node, key string) *httptest.ResponseRecorder {
			return n.Do("GET /compat/abuseipdb/api/v2/check?ipAddress=203.0.113.200", "", "Key: "+key)
		},
		no: func(status int, why string) (string, string) {
			return `{"errors":[{"detail":"` + why, fmt.Sprintf(`"status":%d}]}`, status)
		},
	}, {
		name: "blocklist.de", wrongKey: http.StatusUnauthorized,
		report: func(n *compattest.Node, key, ip string) *httptest.ResponseRecorder {
			body, kind := form("server", "root@srv1.example", "apikey", key, "service", "sshd", "ip", ip, "format", "text")
			return n.Do("POST /compat/blocklistde/en/httpreports.html", body, kind)
		},
		no: func(_ int, why string) (string, string) { return "status=error\nerror=1\n", "" },
	}, {
		name: "rspamd", wrongKey: http.StatusUnauthorized,
		report: func(n *compattest.Node, key, ip string) *httptest.ResponseRecorder {
			mail := `{"ip":"` + ip + `","user":"unknown","action":"reject","score":15.2,"message_id":"` + ip + `@spam.example","symbols":[]}`
			return n.Do("POST /compat/rspamd/metadata", mail, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("rspamd:"+key)))
		},
		no: func(_ int, why string) (string, string) { return `{"status":"refused","why":"` + why, `"}` },
	}, {
		name: "CrowdSec", wrongKey: http.StatusForbidden, quiet: true,
		report: func(n *compattest.Node, key, ip string) *httptest.ResponseRecorder {
			at := n.Now().Format(time.RFC3339)
			return n.Do("POST /compat/crowdsec/v1/alerts", fmt.Sprintf(`[{"scenario":"crowdsecurity/ssh-bf","message":"x","simulated":false,"events_count":6,`+
				`"source":{"ip":%q,"scope":"Ip","value":%q},"start_at":%q,"stop_at":%q}]`, ip, ip, at, at), "X-Api-Key: "+key)
		},
		look: func(n *compattest.Node, key string) *httptest.ResponseRecorder {
			return n.Do("GET /compat/crowdsec/v1/decisions/stream?startup=true", "", "X-Api-Key: "+key)
		},
		no: func(_ int, why string) (string, string) { return `{"message":"` + why, `"}` },
	}, {
		name: "StopForumSpam", wrongKey: http.StatusUnauthorized,
		look: func(n *compattest.Node, key string) *httptest.ResponseRecorder {
			return n.Do("GET /compat/stopforumspam/api?ip=203.0.113.200&json&api_key="+key, "")
		},
		no: func(_ int, why string) (string, string) { return `{"success":0,"error":"` + why, `"}` },
	}}
}

// ask does what a client of the format does most.
func (l tongue) ask(n *compattest.Node, key string) *httptest.ResponseRecorder {
	if l.report != nil {
		return l.report(n, key, "203.0.113.7")
	}
	return l.look(n, key)
}

// refuses wants a refusal in the format's own shape.
func (l tongue) refuses(t *testing.T, w *httptest.ResponseRecorder, status int, why string) {
	t.Helper()
	prefix, suffix := l.no(status, "")
	body := strings.TrimSpace(w.Body.String())
	if w.Code != status || !strings.HasPrefix(body, prefix) || !strings.HasSuffix(body, suffix) || !strings.Contains(body, why) {
		t.Errorf("%s answers %d %s; want %d and %q", l.name, w.Code, body, status, why)
	}
	if retry := w.Header().Get("Retry-After"); status == http.StatusTooManyRequests && (retry == "" || retry == "0") {
		t.Errorf("%s does not say when to come again", l.name)
	}
}

func (l tongue) takes(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code/100 != 2 {
		t.Errorf("%s answers %d %s", l.name, w.Code, w.Body)
	}
}

// each runs a story in each format, on a node of its own.
func each(t *testing.T, alter func(*reportapi.Config), story func(t *testing.T, l tongue, n *compattest.Node, key string)) {
	t.Parallel()
	for _, l := range tongues() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			n := compattest.New(t, alter)
			story(t, l, n, n.Keys[control.RoleReporter])
		})
	}
}

func asIs(*reportapi.Config) {}

// keyID is the id of a reporter's only key.
func keyID(t *testing.T, n *compattest.Node, reporter string) string {
	t.Helper()
	for _, key := range n.Book.Keys() {
		if key.Reporter == reporter {
			return key.ID
		}
	}
	t.Fatalf("%s has no key", reporter)
	return ""
}

func set(t *testing.T, n *compattest.Node, name, value string) {
	t.Helper()
	_, err := n.Registrar.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) {
		return p.Set(name, value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Requests in foreign formats come off the budget of their key, as all do.
func TestBudgetOfKey(t *testing.T) {
	each(t, func(c *reportapi.Config) { c.KeyRate = 3 }, func(t *testing.T, l tongue, n *compattest.Node, key string) {
		for range 3 {
			l.takes(t, l.ask(n, key))
		}
		l.refuses(t, l.ask(n, key), http.StatusTooManyRequests, "this key made more than 3 requests within a minute")
		if l.look != nil {
			l.refuses(t, l.look(n, key), http.StatusTooManyRequests, "this key made more than 3 requests within a minute")
		}
		n.Wait(20 * time.Second)
		l.takes(t, l.ask(n, key))
	})
}

// AbuseIPDB's clients hold back by headers of its own.
func TestBudgetOfKey_AbuseIPDB(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rate int
		key  bool
		want []string // limit and what remains, by request
	}{
		{3, true, []string{"3 2", "3 1", "3 0", "3 0"}},
		{3, false, []string{" "}}, // whose they would be is not known
		{0, true, []string{"1000000000 1000000000"}},
	} {
		n := compattest.New(t, func(c *reportapi.Config) { c.KeyRate = test.rate })
		key := "none"
		if test.key {
			key = n.Keys[control.RoleReporter]
		}
		for i, want := range test.want {
			header := n.Do("GET /compat/abuseipdb/api/v2/check?ipAddress=203.0.113.200", "", "Key: "+key).Header()
			if got := header.Get("X-RateLimit-Limit") + " " + header.Get("X-RateLimit-Remaining"); got != want {
				t.Errorf("at %d a minute request %d is answered %q, want %q", test.rate, i+1, got, want)
			}
		}
	}
}

// What is over a key's quota is told as each format tells it; look-ups have none.
func TestQuotaOfKey(t *testing.T) {
	each(t, asIs, func(t *testing.T, l tongue, n *compattest.Node, key string) {
		set(t, n, "addresses_per_hour", "2")
		if l.report == nil {
			for range 5 {
				l.takes(t, l.look(n, key))
			}
			return
		}
		l.takes(t, l.report(n, key, "203.0.113.1"))
		l.takes(t, l.report(n, key, "203.0.113.2"))
		w := l.report(n, key, "203.0.113.3")
		if l.quiet {
			l.takes(t, w)
		} else {
			l.refuses(t, w, http.StatusTooManyRequests, "addresses_per_hour")
		}
		if points, _ := n.Score("203.0.113.3"); points != 0 {
			t.Errorf("%d points count", points)
		}
		if l.look != nil {
			l.takes(t, l.look(n, key))
		}
		set(t, n, "addresses_per_hour", "off")
		l.takes(t, l.report(n, key, "203.0.113.3"))
		if points, _ := n.Score("203.0.113.3"); points == 0 {
			t.Error("no points count once the quota is off")
		}
	})
}

// A paused key reports nothing and may look up all the same.
func TestPausedKey(t *testing.T) {
	each(t, asIs, func(t *testing.T, l tongue, n *compattest.Node, key string) {
		if _, err := n.Registrar.PauseKey(t.Context(), n.Now(), keyID(t, n, "reporter"), n.Now().Add(time.Hour), "runs wild"); err != nil {
			t.Fatal(err)
		}
		if l.look != nil {
			l.takes(t, l.look(n, key))
		}
		if l.report == nil {
			return
		}
		if w := l.report(n, key, "203.0.113.7"); l.quiet {
			l.takes(t, w)
		} else {
			l.refuses(t, w, http.StatusTooManyRequests, "is paused until 2026-11-22T11:00:00Z: runs wild")
		}
		if points, _ := n.Score("203.0.113.7"); points != 0 {
			t.Errorf("%d points of a paused key count", points)
		}
		n.Wait(time.Hour)
		l.takes(t, l.report(n, key, "203.0.113.7"))
		if points, _ := n.Score("203.0.113.7"); points == 0 {
			t.Error("no points count once the pause is over")
		}
	})
}

// A key that is not good any more is told as each format tells a wrong one, and
// whoever keeps sending it is told to slow down.
func TestRevokedKey(t *testing.T) {
	each(t, asIs, func(t *testing.T, l tongue, n *compattest.Node, key string) {
		l.takes(t, l.ask(n, key))
		if _, err := n.Registrar.RevokeKey(t.Context(), n.Now(), keyID(t, n, "reporter")); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			l.refuses(t, l.ask(n, key), l.wrongKey, "")
		}
		l.refuses(t, l.ask(n, key), http.StatusTooManyRequests, "too many wrong keys came from this address")
		if points, _ := n.Score("203.0.113.7"); points > 25 {
			t.Errorf("%d points count", points)
		}
		// Who has a right key is never held up by a neighbour who has not.
		l.takes(t, l.ask(n, n.Keys[control.RoleModerator]))
	})
}

// What its client cannot mend is no error to it: the address is protected.
func TestProtectedAddress(t *testing.T) {
	each(t, asIs, func(t *testing.T, l tongue, n *compattest.Node, key string) {
		if l.report == nil {
			return // it reports nothing
		}
		list := protect.List{Prefixes: []scoring.ProtectedPrefix{{Prefix: netip.MustParsePrefix("203.0.113.0/24")}}}
		if _, err := n.Registrar.Protect(t.Context(), n.Now(), control.ProtectedSet{Name: "our-cdn", Title: "our CDN", Action: scoring.Refuse}, list); err != nil {
			t.Fatal(err)
		}
		l.takes(t, l.report(n, key, "203.0.113.7"))
		if points, _ := n.Score("203.0.113.7"); points != 0 {
			t.Errorf("%d points of a protected address count", points)
		}
	})
}

// A person with cscli is told, an agent is not.
func TestCscliOverQuota(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	if _, err := n.Registrar.PauseKey(t.Context(), n.Now(), keyID(t, n, "moderator"), time.Time{}, "on holiday"); err != nil {
		t.Fatal(err)
	}
	w := n.Do("POST /compat/crowdsec/v1/alerts", `[{"decisions":[{"duration":"4h0m0s","origin":"cscli","scenario":"manual","scope":"Ip","type":"ban","value":"203.0.113.7"}],`+
		`"scenario":"manual","message":"m","simulated":false,"source":{"ip":"203.0.113.7","scope":"Ip","value":"203.0.113.7"},"start_at":"2026-11-22T10:00:00Z","stop_at":"2026-11-22T10:00:00Z"}]`,
		"X-Api-Key: "+n.Keys[control.RoleModerator])
	if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), `{"message":"key`) || !strings.Contains(w.Body.String(), "on holiday") || w.Header().Get("Retry-After") != "900" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// What was refused can be looked up by its reporter, since clients do not show
// it: what is malformed, what is over a quota, and what was passed over quietly.
func TestRejected(t *testing.T) {
	each(t, asIs, func(t *testing.T, l tongue, n *compattest.Node, key string) {
		if l.report == nil {
			return
		}
		newest := func() string {
			return n.Do("GET /v1/rejected?limit=1", "", "Authorization: Bearer "+key).Body.String()
		}
		set(t, n, "addresses_per_hour", "1")
		l.report(n, key, "203.0.113.7")
		if told := newest(); !strings.Contains(told, `"rejected":[]`) {
			t.Errorf("what is taken is told as rejected: %s", told)
		}
		if l.name != "rspamd" { // which passes over what is no address
			l.report(n, key, "nowhere")
			if told := newest(); !strings.Contains(told, "nowhere") || !strings.Contains(told, `"route":"/compat/`) || strings.Contains(told, "root") {
				t.Errorf("told: %s", told)
			}
		}
		l.report(n, key, "203.0.113.8")
		if told := newest(); !strings.Contains(told, `"ip":"203.0.113.8"`) || !strings.Contains(told, `"guard":"addresses_per_hour"`) || !strings.Contains(told, `"route":"/compat/`) {
			t.Errorf("told: %s", told)
		}
		if all := n.Do("GET /v1/rejected", "", "Authorization: Bearer "+key).Body.String(); strings.Count(all, "203.0.113.8") != 1 {
			t.Errorf("told more than once: %s", all)
		}
	})
}
