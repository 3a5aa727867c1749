package reportapi_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring/control"
)

// stubQueryLogger remembers what it was told, and refuses more than a day.
type stubQueryLogger struct {
	mu     sync.Mutex
	status reportapi.QueryLogStatus
}

func (l *stubQueryLogger) StartQueryLog(log reportapi.QueryLog) (reportapi.QueryLogStatus, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if log.For > 24*time.Hour {
		return reportapi.QueryLogStatus{}, errors.New("query log: for 25h0m0s: want from 1s to 24h0m0s")
	}
	if log.Sample == 0 {
		log.Sample = 1
	}
	l.status = reportapi.QueryLogStatus{QueryLog: log, On: true, Until: start.Add(log.For), Lines: 3, Suppressed: 1}
	return l.status, nil
}

func (l *stubQueryLogger) StopQueryLog() reportapi.QueryLogStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.status
	before.On, l.status = false, reportapi.QueryLogStatus{}
	return before
}

func (l *stubQueryLogger) QueryLogStatus() reportapi.QueryLogStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

func TestQueryLog_on_status_off(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "GET /v1/querylog", as: control.RoleAdmin}, 200).wants(t, map[string]any{"on": false, "until": nil})
	for _, c := range []call{
		{body: `{"sample":100,"for":"10m","full_addresses":true}`, headers: []string{jsonBody}},
		{body: "sample=100&for=10m&full_addresses=true", headers: []string{formBody}},
	} {
		c.line, c.as = "POST /v1/querylog", control.RoleAdmin
		n.ask(t, c, 200).wants(t, map[string]any{"on": true, "sample": 100.0, "until": "2026-11-22T10:10:00Z", "full_addresses": true})
	}
	n.ask(t, call{line: "GET /v1/querylog", as: control.RoleAdmin}, 200).wants(t, map[string]any{"on": true, "sample": 100.0})
	n.ask(t, call{line: "DELETE /v1/querylog", as: control.RoleAdmin}, 200).wants(t, map[string]any{"on": false, "lines": 3.0, "suppressed": 1.0})
	n.ask(t, call{line: "GET /v1/querylog", as: control.RoleAdmin}, 200).wants(t, map[string]any{"on": false, "lines": 0.0})
}

func TestQueryLog_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for body, field := range map[string]any{
		`{"sample":0}`: "sample", `{"sample":"often"}`: "sample", `{"for":"-1m"}`: "for", `{"for":"soon"}`: "for", `{"for":7}`: "for",
		`{"full_addresses":"maybe"}`: "full_addresses", `{"until":"tomorrow"}`: "until", `{"for":"25h"}`: nil,
	} {
		n.ask(t, call{line: "POST /v1/querylog", as: control.RoleAdmin, body: body, headers: []string{jsonBody}}, 400).wants(t, map[string]any{"field": field})
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		c := call{line: method + " /v1/querylog", as: control.RoleModerator}
		if method == "POST" {
			c.body, c.headers = `{"sample":1}`, []string{jsonBody}
		}
		if w := n.do(t, c); w.Code != http.StatusForbidden {
			t.Errorf("%s by a moderator: %d", method, w.Code)
		}
	}
}
