package crowdsec_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Who asks about an address is told of the range that lists it, beside itself or
// alone, unless something of the range is exempt.
func TestDecisions_ofRanges(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.list(t, "203.0.113.0/24", "1m")
	n.list(t, "203.0.113.7", "2m")
	within := `{"duration":"1m0s","id":` + number(t, n) + `,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Range","type":"ban","value":"203.0.113.0/24"}`
	itself := `{"duration":"2m0s","id":3405803783,"origin":"penaltybox","scenario":"penaltybox/hacked","scope":"Ip","type":"ban","value":"203.0.113.7"}`
	for query, want := range map[string]string{
		"ip=203.0.113.7":          "[" + itself + "," + within + "]",
		"ip=203.0.113.9":          "[" + within + "]",
		"ip=203.0.113.9&scope=ip": "null",
		"ip=203.0.114.9":          "null",
	} {
		n.wants(t, "GET /v1/decisions?"+query, 200, want)
	}
	n.listed(t, startup, "203.0.113.0/24", "203.0.113.7")
	n.board.SetExemptions(n.now(), []scoring.Exemption{{Prefix: netip.MustParsePrefix("203.0.113.129/32"), Reason: "ours"}})
	w := n.do("GET /v1/decisions?ip=203.0.113.9", "", n.apiKey(control.RoleReader))
	if got := w.Body.String(); !strings.Contains(got, `"scope":"Ip","type":"ban","value":"203.0.113.9"`) || strings.Contains(got, "Range") {
		t.Errorf("with an exemption within: %s", got)
	}
	n.wants(t, "GET /v1/decisions?ip=203.0.113.129", 200, "null")
}

// number returns the id of the only range that is listed.
func number(t *testing.T, n *node) string {
	t.Helper()
	_, rest, _ := strings.Cut(n.do("GET /v1/decisions?ip=203.0.113.9", "", n.apiKey(control.RoleReader)).Body.String(), `"id":`)
	id, _, _ := strings.Cut(rest, ",")
	return id
}

// A moderator decides on a range by hand, and takes it back; an agent's alert of
// one counts if its key has the scope.
func TestByHand_ranges(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	moderator, reporter := n.login(t, control.RoleModerator), n.login(t, control.RoleReporter)
	if w := n.do("POST /v1/alerts", handAlert("Range", "203.0.113.0/24", "ban"), moderator); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	n.listed(t, startup, "203.0.113.0/24")
	deleted(t, n, "DELETE /v1/decisions?range=203.0.113.0/24", moderator, "1")
	n.listed(t, startup)
	alert := "[" + strings.NewReplacer(`"scope":"Ip"`, `"scope":"Range"`, `"value":"203.0.115.7"}`, `"value":"203.0.115.0/24"}`).
		Replace(alertOf("crowdsecurity/ssh-bf", "203.0.115.7", compattest.Start())) + "]"
	for token, want := range map[string]int{reporter: 0, moderator: 1} {
		prefix := netip.MustParsePrefix("203.0.115.0/24")
		before := n.board.Count(prefix)
		if w := n.do("POST /v1/alerts", alert, token); w.Code != http.StatusCreated || n.board.Count(prefix)-before != want {
			t.Errorf("%d %s, and %d incidents more, want %d", w.Code, w.Body, n.board.Count(prefix)-before, want)
		}
	}
}
