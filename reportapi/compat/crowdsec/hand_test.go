package crowdsec_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// shownAlert is what cscli looks at without asking whether it is there.
type shownAlert struct {
	ID        int64
	Scenario  *string
	Simulated *bool
	Count     *int `json:"events_count"`
	Source    *struct{ Scope, Value *string }
	Decisions []struct {
		ID                                             int64
		Origin, Type, Scope, Value, Duration, Scenario *string
		Simulated                                      *bool
	}
}

func TestByHand(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	moderator, reporter := n.login(t, control.RoleModerator), n.login(t, control.RoleReporter)
	w := n.do("POST /v1/alerts", handAlert("Ip", "203.0.113.7", "ban"), moderator)
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	n.listed(t, startup, "203.0.113.7")
	var shown []shownAlert
	must(t, json.Unmarshal(n.do("GET /v1/alerts?has_active_decision=true&include_capi=false&limit=100", "", moderator).Body.Bytes(), &shown))
	if len(shown) != 1 || len(shown[0].Decisions) != 1 {
		t.Fatalf("%+v", shown)
	}
	d := shown[0].Decisions[0]
	if *shown[0].Scenario != "penaltybox/other" || *shown[0].Simulated || *shown[0].Count != 1 || *shown[0].Source.Value != "203.0.113.7" ||
		*d.Duration != "4h0m0s" || *d.Value != "203.0.113.7" || *d.Scope != "Ip" || *d.Type != "ban" || *d.Origin != "penaltybox" || *d.Simulated || d.ID == 0 {
		t.Errorf("%+v", shown)
	}
	for line, want := range map[string]string{
		"GET /v1/alerts?ip=203.0.113.8": "[]", "GET /v1/alerts?origin=CAPI": "[]", "GET /v1/alerts?scenario=ssh": "[]",
	} {
		if got := n.do(line, "", moderator).Body.String(); got != want {
			t.Errorf("%s answers %s", line, got)
		}
	}
	if w := n.do("GET /v1/alerts/3405803783", "", moderator); w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
		t.Errorf("one alert: %d %s", w.Code, w.Body)
	}
	if w := n.do("DELETE /v1/decisions?ip=203.0.113.7", "", reporter); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "moderator") {
		t.Errorf("a reporter deletes: %d %s", w.Code, w.Body)
	}
	deleted(t, n, "DELETE /v1/decisions?ip=203.0.113.8", moderator, "0")
	deleted(t, n, "DELETE /v1/decisions?ip=203.0.113.7&type=captcha", moderator, "0")
	deleted(t, n, "DELETE /v1/decisions?ip=203.0.113.7", moderator, "1")
	deleted(t, n, "DELETE /v1/decisions?ip=203.0.113.7", moderator, "0")
	n.listed(t, startup)
}

// What is not listed has no decision that could be deleted: what was reported of it
// stays.
func TestByHand_delete_what_is_not_listed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	moderator, reporter := n.login(t, control.RoleModerator), n.login(t, control.RoleReporter)
	if w := n.do("POST /v1/alerts", `[{"scenario":"crowdsecurity/ssh-bf","source":{"scope":"Ip","value":"203.0.113.7"},"stop_at":"2026-11-22T09:59:00Z"}]`, reporter); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	score, _ := n.Score("203.0.113.7")
	deleted(t, n, "DELETE /v1/decisions?ip=203.0.113.7", moderator, "0")
	if left, listed := n.Score("203.0.113.7"); left != score || left == 0 || listed {
		t.Errorf("counts %d after %d, listed %t", left, score, listed)
	}
}

func TestByHand_deleteByNumber(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	moderator := n.login(t, control.RoleModerator)
	n.list(t, "2a01:4f8:1:2::5", "1h")
	deleted(t, n, "DELETE /v1/decisions/5037273764047519", moderator, "1")
	for line, status := range map[string]int{
		"DELETE /v1/decisions/5037273764047519":     404,
		"DELETE /v1/decisions/x":                    400,
		"DELETE /v1/decisions":                      403,
		"DELETE /v1/decisions?range=203.0.112.0/23": 403,
		"DELETE /v1/decisions?ip=x":                 400,
		"GET /v1/alerts/1":                          404,
		"GET /v1/alerts?limit=-1":                   400,
		"GET /v1/alerts?range=203.0.113.0/24":       200,
		"GET /v1/heartbeat":                         200,
		"GET /v1/allowlists?with_content=true":      200,
		"GET /v1/allowlists/check/203.0.113.7":      200,
		"HEAD /v1/allowlists/check/203.0.113.7":     204,
	} {
		if w := n.do(line, "", moderator); w.Code != status {
			t.Errorf("%s: %d %s, want %d", line, w.Code, w.Body, status)
		}
	}
}

func TestByHand_refused(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for name, c := range map[string]struct {
		as     control.Role
		body   string
		status int
		says   string
	}{
		"a reporter": {control.RoleReporter, handAlert("Ip", "203.0.113.7", "ban"), 403, "needs a moderator's key"},
		"a captcha":  {control.RoleModerator, handAlert("Ip", "203.0.113.7", "captcha"), 422, "only ban"},
		"a range":    {control.RoleModerator, handAlert("Range", "203.0.0.0/16", "ban"), 422, "203.0.0.0/16"},
		"private":    {control.RoleModerator, handAlert("Ip", "192.168.1.1", "ban"), 422, "never listed"},
		"itself":     {control.RoleModerator, handAlert("Ip", clientAddr, "ban"), 422, "own address"},
		"no time":    {control.RoleModerator, strings.Replace(handAlert("Ip", "203.0.113.7", "ban"), "4h0m0s", "-1s", 1), 422, "ttl"},
	} {
		w := n.do("POST /v1/alerts", c.body, n.login(t, c.as))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s, want %d with %q", name, w.Code, w.Body, c.status, c.says)
		}
	}
	n.listed(t, startup)
}

func deleted(t *testing.T, n *node, line, token, want string) {
	t.Helper()
	w := n.do(line, "", token)
	if w.Code != http.StatusOK || w.Body.String() != `{"nbDeleted":"`+want+`"}` {
		t.Errorf("%s: %d %s, want %s deleted", line, w.Code, w.Body, want)
	}
}
