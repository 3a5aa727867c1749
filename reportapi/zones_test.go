package reportapi_test

import (
	"net/http"
	"strings"
	"testing"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// A zone's own codes are shown wherever its verdicts are.
func TestZones_ownCodes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	zones := *n.zones.Load()
	n.zones.Store(&[]reportapi.Zone{zones[0], {Name: "own.example", Rule: zones[1].Rule, Index: 1, Codes: scoring.Codes{"ssh": 42}}})
	n.strike(t, "203.0.113.7")
	for path, want := range map[string]string{
		"GET /v1/check/203.0.113.7?zone=own.example&format=json": `"codes":["127.0.0.2","127.0.0.42"]`,
		"GET /v1/check/203.0.113.7?zone=bl.example&format=json":  `"codes":["127.0.0.2","127.0.0.3"]`,
		"GET /v1/ips/203.0.113.7":                                `"codes":["127.0.0.2","127.0.0.42"]`,
	} {
		if w := n.do(t, call{line: path, as: control.RoleReader}); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s answers %s, want %s in it", path, w.Body, want)
		}
	}
}

// Zones change while the API serves: from then on it knows the new ones alone,
// and a list that was kept for a zone of the same name is not given any more.
func TestZones_change(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	n.strike(t, "203.0.113.8")
	if text, _ := n.list(t, ""); text != "203.0.113.8\n" {
		t.Fatalf("before: %q", text)
	}
	strict := scoring.Rule{Threshold: 20, Categories: scoring.AllCategories}
	must(t, n.board.SetRules(n.now(), append(n.board.Rules(), strict)))
	n.zones.Store(&[]reportapi.Zone{{Name: "bl.example", Rule: strict, Index: 2}, {Name: "new.example", Rule: strict, Index: 2}})
	for _, query := range []string{"", "?zone=new.example"} {
		if text, _ := n.list(t, query); text != "203.0.113.7\n203.0.113.8\n" {
			t.Errorf("the list of %q after the change: %q", query, text)
		}
	}
	w := n.do(t, call{line: "GET /v1/check/203.0.113.7?zone=ssh.example", as: control.RoleReader})
	if w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "new.example") {
		t.Errorf("a zone that went: %d %s", w.Code, w.Body)
	}
	// Back again, to a list that was made before.
	n.zones.Store(&[]reportapi.Zone{{Name: "bl.example", Rule: n.board.Rules()[0], Index: 0}})
	if text, _ := n.list(t, ""); text != "203.0.113.8\n" {
		t.Errorf("after changing back: %q", text)
	}
}
