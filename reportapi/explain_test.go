package reportapi_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// stubExplainer answers as DNS does about names that begin with 7, and about
// every address; the names of all others are outside.
type stubExplainer struct{}

func (stubExplainer) ExplainName(name string, client netip.Addr) reportapi.Explanation {
	if !strings.HasPrefix(name, "7.113.0.203.") {
		return reportapi.Explanation{Name: name, Reason: "outside", Why: "outside of all zones", Rcode: "REFUSED", Extended: []string{"Not Authoritative"}}
	}
	e, _ := stubExplainer{}.ExplainAddr(netip.MustParseAddr("203.0.113.7"), strings.TrimPrefix(name, "7.113.0.203."), client)
	e.Name = name
	return e
}

func (stubExplainer) ExplainAddr(addr netip.Addr, zone string, client netip.Addr) (reportapi.Explanation, bool) {
	if zone == "gone.example" {
		return reportapi.Explanation{}, false
	}
	e := reportapi.Explanation{
		Name: "name-of-" + addr.String() + "." + zone, Zone: zone, Addr: addr, Reason: "not_listed",
		Why: "the address is not listed", Rcode: "NXDOMAIN", TTL: time.Minute,
	}
	if client.IsValid() {
		e.Reason, e.Restricted = "client", true
	}
	if e.Special, _ = scoring.Special(addr); e.Special != "" {
		e.Reason = "special_range"
	}
	return e, true
}

// A zone that goes while it is asked about is unknown, and hides no other.
func TestExplain_an_address_while_a_zone_goes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	zones := append(slices.Clone(*n.zones.Load()), reportapi.Zone{Name: "gone.example", Rule: scoring.Rule{Threshold: 50, Categories: scoring.AllCategories}})
	n.zones.Store(&zones)
	n.ask(t, call{line: "GET /v1/explain?name=203.0.113.7", as: control.RoleReader}, 200).wants(t, map[string]any{"answers.1.zone": "ssh.example", "answers.2": nil})
	n.ask(t, call{line: "GET /v1/explain?name=203.0.113.7&zone=gone.example", as: control.RoleReader}, 404).wants(t, map[string]any{"field": "zone"})
}

func TestExplain_an_address_in_every_zone(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=forum.spam&points=20")
	n.ask(t, call{line: "GET /v1/explain?name=203.0.113.7", as: control.RoleReader}, 200).wants(t, map[string]any{
		"asked": "203.0.113.7", "answers.0.zone": "bl.example", "answers.0.standing.score": 20.0, "answers.0.standing.threshold": 50.0,
		"answers.0.reason": "not_listed", "answers.0.ttl": 60.0, "answers.0.ip": "203.0.113.7",
		"answers.1.zone": "ssh.example", "answers.1.standing.score": 0.0, "answers.2": nil,
	})
	n.ask(t, call{line: "GET /v1/explain?name=%3A%3Affff%3A203.0.113.7&zone=ssh.example", as: control.RoleReader}, 200).wants(t, map[string]any{
		"answers.0.zone": "ssh.example", "answers.0.ip": "203.0.113.7", "answers.1": nil,
	})
	n.ask(t, call{line: "GET /v1/explain?name=203.0.113.7&zone=SSH.example.", as: control.RoleReader}, 200).wants(t, map[string]any{
		"answers.0.zone": "ssh.example", "answers.0.standing.zone": "ssh.example",
	})
	n.ask(t, call{line: "GET /v1/explain?name=10.0.0.1", as: control.RoleReader}, 200).wants(t, map[string]any{
		"answers.0.special": "private (10.0.0.0/8)", "answers.0.standing": nil,
	})
}

func TestExplain_a_name_as_clients_ask_it(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "GET /v1/explain?name=7.113.0.203.bl.example", as: control.RoleReader}, 200).wants(t, map[string]any{
		"answers.0.name": "7.113.0.203.bl.example", "answers.0.zone": "bl.example", "answers.0.rcode": "NXDOMAIN", "answers.0.restricted": nil,
	})
	n.ask(t, call{line: "GET /v1/explain?name=7.113.0.203.bl.example&client=192.0.2.7", as: control.RoleReader}, 200).wants(t, map[string]any{
		"answers.0.reason": "client", "answers.0.restricted": true,
	})
	n.ask(t, call{line: "GET /v1/explain?name=www.example.org", as: control.RoleReader}, 200).wants(t, map[string]any{
		"answers.0.zone": "", "answers.0.ip": nil, "answers.0.standing": nil, "answers.0.extended_errors.0": "Not Authoritative",
	})
}

// An address with points enough that is exempt is explained by its exemption.
func TestExplain_an_exemption(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: "prefix=203.0.113.0/24&reason=our+office", headers: []string{formBody}}, 201)
	doc := n.ask(t, call{line: "GET /v1/explain?name=203.0.113.7&zone=bl.example", as: control.RoleReader}, 200)
	if why, _ := doc.at("answers.0.why").(string); !strings.HasSuffix(why, "but 203.0.113.0/24 is exempt (our office)") {
		t.Errorf("why is %q", why)
	}
}

func TestExplain_refusals(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for line, want := range map[string]struct {
		status int
		field  any
	}{
		"GET /v1/explain":       {http.StatusBadRequest, "name"},
		"GET /v1/explain?name=": {http.StatusBadRequest, "name"},
		"GET /v1/explain?name=" + strings.Repeat("x.", 600):           {http.StatusBadRequest, "name"},
		"GET /v1/explain?name=203.0.113.7&client=here":                {http.StatusBadRequest, "client"},
		"GET /v1/explain?name=203.0.113.7&zone=other.example":         {http.StatusNotFound, "zone"},
		"GET /v1/explain?name=7.113.0.203.bl.example&zone=bl.example": {http.StatusBadRequest, "zone"},
	} {
		n.ask(t, call{line: line, as: control.RoleReader}, want.status).wants(t, map[string]any{"field": want.field})
	}
	if w := n.do(t, call{line: "GET /v1/explain?name=203.0.113.7"}); w.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d", w.Code)
	}
}

// What is asked may hold an access key: it stays out of the log.
func TestExplain_is_not_logged(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.do(t, call{line: "GET /v1/explain?name=7.113.0.203.xq7hd3m2.bl.example", as: control.RoleReader})
	if log := n.log.String(); !strings.Contains(log, "/v1/explain") || strings.Contains(log, "xq7hd3m2") {
		t.Errorf("the log says\n%s", log)
	}
}
