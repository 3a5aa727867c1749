package reportapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

// strikeRange reports a range until it is listed.
func (n *node) strikeRange(t testing.TB, prefix string) document {
	t.Helper()
	return n.report(t, control.RoleModerator, "ip="+prefix+"&kind=hacked.host&note=the+whole+rack")
}

// A range is reported, looked up with the addresses within, amended under its path
// and withdrawn.
func TestRange_from_report_to_withdrawal(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	made := n.strikeRange(t, "203.0.113.0/24")
	made.wants(t, map[string]any{"ip": "203.0.113.0", "prefix": "203.0.113.0/24", "score": 50.0, "zones.0.listed": true})
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")

	n.ask(t, call{line: "GET /v1/ips/203.0.113.7", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{
		"ip": "203.0.113.7", "prefix": "203.0.113.7/32", "incidents_total": 1.0, "incidents.0.kind": "ssh.maxauth",
		"zones.0.listed": true, "zones.0.score": 20.0, "zones.0.range": "203.0.113.0/24",
		"zones.0.ranges.0.prefix": "203.0.113.0/24", "zones.0.ranges.0.score": 50.0, "zones.0.ranges.0.listed": true,
		"ranges.0.prefix": "203.0.113.0/24", "ranges.0.incidents_total": 1.0, "ranges.0.incidents.0.note": "the whole rack",
	})
	n.ask(t, call{line: "GET /v1/incidents?ip=203.0.113.7", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{
		"incidents.0.prefix": "203.0.113.7/32", "incidents.1": nil,
	})
	n.strikeRange(t, "203.0.114.0/24")
	n.ask(t, call{line: "GET /v1/incidents?ip=203.0.113.7&ranges=true", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{
		"incidents.0.prefix": "203.0.113.0/24", "incidents.0.note": "the whole rack", "incidents.1.prefix": "203.0.113.7/32", "incidents.2": nil,
	})
	first := n.ask(t, call{line: "GET /v1/incidents?ip=203.0.113.7&ranges=true&limit=1", as: control.RoleModerator}, http.StatusOK)
	n.ask(t, call{line: "GET /v1/incidents?ip=203.0.113.7&ranges=true&cursor=" + url.QueryEscape(first.at("next").(string)), as: control.RoleModerator}, http.StatusOK).
		wants(t, map[string]any{"incidents.0.prefix": "203.0.113.7/32", "incidents.1": nil})
	n.ask(t, call{line: "GET /v1/ips/203.0.113.0-24", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{
		"prefix": "203.0.113.0/24", "incidents_total": 1.0, "zones.0.score": 50.0, "zones.0.listed": true,
	})
	w := n.do(t, call{line: "GET /v1/check/203.0.113.9", as: control.RoleReader})
	if want := "listed 50 until=2026-12-22T10:00:00Z hacked range=203.0.113.0/24\n"; w.Body.String() != want {
		t.Errorf("check says %q, want %q", w.Body, want)
	}
	if text, _ := n.list(t, ""); text != "203.0.113.0/24\n203.0.114.0/24\n" {
		t.Errorf("the list is %q", text)
	}

	path := "/v1/incidents/203.0.113.0-24/" + made.at("id").(string)
	n.ask(t, call{line: "GET " + path, as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{"prefix": "203.0.113.0/24", "kind": "hacked.host"})
	n.ask(t, call{line: "PATCH " + path, as: control.RoleModerator, body: `{"withdrawn":true,"reason":"moved out"}`, headers: []string{jsonBody}}, http.StatusOK).
		wants(t, map[string]any{"withdrawn": true, "zones.0.listed": false, "zones.0.score": 0.0})
	if text, _ := n.list(t, ""); text != "203.0.114.0/24\n" {
		t.Errorf("after the withdrawal the list is %q", text)
	}
	for _, wrong := range []string{"203.0.112.0-23", "203.0.113.7-24", "203.0.113.0-x", "-", "2001:db8::-47"} {
		n.ask(t, call{line: "GET /v1/ips/" + wrong, as: control.RoleReader}, http.StatusBadRequest).wants(t, map[string]any{"field": "ip"})
	}
}

// Changes tell of a range as of an address; the format whose entries depend on
// each other tells everything anew.
func TestRange_in_changes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	start := n.do(t, call{line: "GET /v1/blocklist?since=start", as: control.RoleReader}).Header().Get("Penaltybox-Cursor")
	n.strikeRange(t, "203.0.113.0/24")
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: "prefix=203.0.113.0/25&reason=ours", headers: []string{formBody}}, http.StatusCreated)
	for format, want := range map[string][2]string{
		"plain":    {"since", "-203.0.113.0/24\n-203.0.113.7\n+203.0.113.128/25\n"},
		"nftables": {"full", "203.0.113.128 timeout"},
	} {
		w := n.do(t, call{line: "GET /v1/blocklist?format=" + format + "&since=" + start, as: control.RoleReader})
		if w.Header().Get("Penaltybox-Changes") != want[0] || !strings.Contains(w.Body.String(), want[1]) {
			t.Errorf("%s tells %s: %.300s", format, w.Header().Get("Penaltybox-Changes"), w.Body)
		}
	}
}

// An address that its range lists is not taken off by itself: it would stay listed.
func TestRange_removal(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPolicy(t, "removal", "automatic")
	n.strikeRange(t, "203.0.113.0/24")
	n.ask(t, askOff(listedIP, `{}`), http.StatusAccepted).wants(t, map[string]any{
		"state": "open", "held": "the range 203.0.113.0/24 is listed, which a moderator looks into",
	})
	n.wantListed(t, "203.0.113.0", true)
}
