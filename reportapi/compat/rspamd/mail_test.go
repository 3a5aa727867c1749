package rspamd_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring/control"
)

const path = "/compat/rspamd/metadata"

// rejected is what rspamd 3.4 wrote of a mail, shortened.
const rejected = `{"score":15.2,"rcpt":["user@local.example"],"rspamd_server":"mx1","fuzzy":{},"ip":"203.0.113.7","user":"unknown","qid":"4Zabc","from":"spammer@spam.example","header_subject":["Win a prize"],
"symbols":[{"groups":["x"],"name":"MIME_GOOD","score":-0.1,"group":"x"},{"name":"BAYES_SPAM","score":5.1,"options":["99.99%"]},{"name":"FUZZY_DENIED","score":10.2,"options":["1:Win a prize"]}],
"action":"reject","message_id":"1@spam.example","subject":"Win a prize","scan_time":12}`

func post(n *compattest.Node, body string, headers ...string) (int, string) {
	if headers == nil {
		headers = []string{"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("rspamd:"+n.Keys[control.RoleReporter]))}
	}
	w := n.Do("POST "+path, body, append(headers, "Content-Type: text/plain")...)
	return w.Code, w.Body.String()
}

func TestMail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, changed, status, notes string }{
		{"rejected", "", "", "recorded", "spam.mail: rspamd rejected it with 15.2 points: FUZZY_DENIED, BAYES_SPAM"},
		{"IPv6", "203.0.113.7", "2001:db8::7", "recorded", ""},
		{"no user", `"user":"unknown",`, "", "recorded", "spam.mail: rspamd rejected it with 15.2 points: FUZZY_DENIED, BAYES_SPAM"},
		{"no Message-ID", `"1@spam.example"`, "null", "recorded", "spam.mail: rspamd rejected it with 15.2 points: FUZZY_DENIED, BAYES_SPAM"},
		{"symbols as an empty table", `"symbols":[`, `"symbols":{},"x":[`, "recorded", "spam.mail: rspamd rejected it with 15.2 points"},
		{"a symbol's name with control bytes", "BAYES_SPAM", `BAYES\u001b\u0000`, "recorded", "spam.mail: rspamd rejected it with 15.2 points: FUZZY_DENIED, BAYES"},
		{"authenticated", `"user":"unknown"`, `"user":"customer"`, "ignored", ""},
		{"only marked", `"reject"`, `"add header"`, "ignored", ""},
		{"greylisted", `"reject"`, `"soft reject"`, "ignored", ""},
		{"no address", "203.0.113.7", "unknown", "ignored", ""},
		{"loopback", "203.0.113.7", "127.0.0.1", "ignored", ""},
		{"our own", "203.0.113.7", compattest.ServerAddr, "ignored", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := compattest.New(t)
			code, body := post(n, strings.Replace(rejected, c.old, c.changed, 1))
			if code != http.StatusOK || !strings.HasPrefix(body, `{"status":"`+c.status+`"`) {
				t.Errorf("answers %d: %s", code, body)
			}
			if notes := strings.Join(n.Notes(t, "203.0.113.7"), "|"); notes != c.notes {
				t.Errorf("the ledger has %q, want %q", notes, c.notes)
			}
			for _, private := range []string{"prize", "user@local", "spam.example", "pbx_"} {
				if strings.Contains(n.Log.String()+body, private) {
					t.Errorf("%q is in the log or the answer", private)
				}
			}
		})
	}
}

// Each mail counts, but not twice.
func TestMail_counts(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	for range 2 {
		post(n, rejected)
	}
	if score, _ := n.Score("203.0.113.7"); score != 25 {
		t.Errorf("one mail counts %d", score)
	}
	post(n, strings.Replace(rejected, "4Zabc", "4Zabd", 1))
	if score, listed := n.Score("203.0.113.7"); score != 50 || !listed {
		t.Errorf("two mails count %d, listed %t", score, listed)
	}
}

func TestMail_faults(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"empty", "", 422},
		{"the mail itself", "From: a\r\n\r\nbody", 422},
		{"cut", rejected[:200], 422},
		{"a list", "[" + rejected + "]", 422},
		{"a score of words", strings.Replace(rejected, "15.2", `"much"`, 1), 422},
		{"no address", strings.Replace(rejected, "203.0.113.7", "mx.example", 1), 422},
		{"too large", strings.Replace(rejected, "99.99%", strings.Repeat("9", 2<<20), 1), 413},
	} {
		if code, body := post(n, c.body); code != c.status || !json.Valid([]byte(body)) {
			t.Errorf("%s: answers %d, want %d: %s", c.name, code, c.status, body)
		}
	}
	for header, status := range map[string]int{
		"X-Api-Key: x": 401, "Authorization: Basic !": 401, "Authorization: Bearer ": 401,
		"X-Api-Key: " + n.Keys[control.RoleReader]:              403,
		"Authorization: Bearer " + n.Keys[control.RoleReporter]: 200,
	} {
		if code, body := post(n, rejected, header); code != status {
			t.Errorf("%.30s: answers %d, want %d: %s", header, code, status, body)
		}
	}
	fault := errors.New("disk on fire")
	n.Fault.Store(&fault)
	if code, body := post(n, strings.Replace(rejected, "4Zabc", "4Zabe", 1)); code != http.StatusServiceUnavailable {
		t.Errorf("outage: answers %d: %s", code, body)
	}
	n.Loaded.Store(false)
	if code, body := post(n, rejected); code != http.StatusServiceUnavailable {
		t.Errorf("loading: answers %d: %s", code, body)
	}
}

func FuzzMail(f *testing.F) {
	f.Add(rejected)
	f.Add(`{"action":"reject","ip":"203.0.113.7","symbols":[{"name":1}]}`)
	f.Add(`{"action":"reject","ip":"203.0.113.7","qid":"\u0000","message_id":{"a":[]}}`)
	n := compattest.New(f)
	f.Fuzz(func(t *testing.T, text string) {
		if code, body := post(n, text); code >= 500 || !json.Valid([]byte(body)) {
			t.Errorf("answers %d: %s", code, body)
		}
	})
}
