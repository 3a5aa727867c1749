package reportapi_test

import (
	"net/http"
	"testing"

	"penaltybox/scoring/control"
)

// Of clients that report one event several times, all that they ask for counts
// once, however they say it; without being asked each report counts.
func TestReport_once(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	report := func(query, ip, kind, id string, status int) document {
		return n.ask(t, call{
			line: "POST /v1/incidents" + query, as: control.RoleReporter, headers: []string{formBody},
			body: "ip=" + ip + "&kind=" + kind + "&id=" + id,
		}, status)
	}
	report("?once=15m", "203.0.113.7", "ssh.maxauth", "fail2ban:sshd", http.StatusCreated).wants(t, map[string]any{"status": "recorded", "score": 20.0})
	report("?once=15m", "203.0.113.7", "ssh.maxauth", "fail2ban:sshd-more", http.StatusOK).wants(t, map[string]any{"status": "duplicate", "score": 20.0})
	report("?once=15m&dry_run", "203.0.113.7", "web.wordpress", "c", http.StatusOK).wants(t, map[string]any{"status": "duplicate"})
	report("?once=15m", "203.0.113.8", "ssh.maxauth", "fail2ban:sshd", http.StatusCreated).wants(t, map[string]any{"score": 20.0})
	n.ask(t, call{
		line: "POST /v1/incidents?once=15m", as: control.RoleReporter, headers: []string{ndjsonBody},
		body: `{"ip":"203.0.113.7","kind":"ssh.maxauth"}
{"ip":"203.0.113.9","kind":"ssh.maxauth","id":"a"}
{"ip":"203.0.113.9","kind":"ssh.maxauth","id":"b"}`,
	}, http.StatusOK).wants(t, map[string]any{"recorded": 1.0, "duplicates": 2.0})
	n.ask(t, call{line: "POST /v1/incidents?once=15m&kind=ssh.maxauth", as: control.RoleReporter, headers: []string{textBody}, body: "203.0.113.9\n203.0.113.10\n"}, http.StatusOK).
		wants(t, map[string]any{"recorded": 1.0, "duplicates": 1.0})

	n.clock.Add(16 * 60)
	report("?once=15m", "203.0.113.7", "ssh.maxauth", "d", http.StatusCreated).wants(t, map[string]any{"score": 40.0})
	for _, query := range []string{"", "?once=0", "?once="} {
		report(query, "203.0.113.11", "ssh.maxauth", "e"+query, http.StatusCreated).wants(t, map[string]any{"status": "recorded"})
	}
	for _, query := range []string{"?once=always", "?once=25h", "?once=10ms", "?once=-15m"} {
		report(query, "203.0.113.7", "ssh.maxauth", "f", http.StatusBadRequest).wants(t, map[string]any{"field": "once"})
	}
}
