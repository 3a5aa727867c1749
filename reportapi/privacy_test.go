package reportapi_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// hold fills a node with all that can be held of an address.
func (n *node) hold(t *testing.T, ip string) {
	t.Helper()
	n.setPolicy(t, "scrub_notes", "off")
	n.report(t, control.RoleReporter, "ip="+ip+"&kind=ssh.maxauth&note=noted-by-reporter")
	n.report(t, control.RoleModerator, "ip="+ip+"&kind=hacked.host&points=60&note=noted-by-moderator")
	n.report(t, control.RoleReporter, "ip=203.0.113.8&kind=ssh.maxauth&note=of-a-neighbour")
	n.ask(t, askOff(ip, `{"message":"written-to-removal","contact":"ops@example.org"}`), http.StatusAccepted)
	_, err := n.registrar.AddVoid(t.Context(), n.now(), scoring.Void{Prefix: netip.MustParsePrefix(ip + "/32"), Reason: "voided-because"})
	must(t, err)
	n.ask(t, call{line: "POST /v1/exemptions", as: control.RoleModerator, body: `{"prefix":"` + ip + `","reason":"exempt-because"}`, headers: []string{jsonBody}}, http.StatusCreated)
	_, err = n.registrar.ChangeReporter(t.Context(), "reader", func(r *control.Reporter) { r.Nets = ip })
	must(t, err)
	sightings := control.NewSightings(n.registrar)
	sightings.Reporter(n.now(), "reporter", netip.MustParseAddr(ip))
	must(t, sightings.Write(t.Context(), n.now()))
}

// An admin is told all that is held of an address; after the erasure nothing is
// held, and the audit knows that there was one and not of which address.
func TestPrivacy(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.hold(t, listedIP)
	path := "/v1/privacy/" + listedIP
	export := n.do(t, call{line: "GET " + path, as: control.RoleAdmin}).Body.String()
	for _, want := range []string{"noted-by-reporter", "noted-by-moderator", "written-to-removal", "ops@example.org", "voided-because", "exempt-because", "reporter/reporter", "the record reporter/reader names it"} {
		if !strings.Contains(export, want) {
			t.Errorf("the export lacks %q:\n%s", want, export)
		}
	}
	if strings.Contains(export, "of-a-neighbour") {
		t.Errorf("the export tells of a neighbour:\n%s", export)
	}
	n.ask(t, call{line: "DELETE " + path + "?reason=asked&dry_run=true", as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{
		"dry_run": true, "id": nil, "erased.incidents": 2.0, "erased.removals": 1.0, "erased.voids": 1.0, "erased.exemptions": 1.0, "erased.sources": 1.0,
	})
	if again := n.do(t, call{line: "GET " + path, as: control.RoleAdmin}).Body.String(); !strings.Contains(again, "noted-by-reporter") {
		t.Errorf("a dry run erased:\n%s", again)
	}

	erased := n.ask(t, call{line: "DELETE " + path + "?reason=asked", as: control.RoleAdmin, from: listedIP}, http.StatusOK)
	erased.wants(t, map[string]any{
		"erased.incidents": 2.0, "erased.removals": 1.0, "erased.voids": 1.0, "erased.exemptions": 1.0, "erased.sources": 1.0,
		"named.0": "the record reporter/reader names it", "exempt": false,
	})
	audit := n.do(t, call{line: "GET /v1/audit?object=erasure/" + erased.at("id").(string), as: control.RoleAdmin}).Body.String()
	if !strings.Contains(audit, `"action":"erase"`) || !strings.Contains(audit, `"action":"erased"`) || !strings.Contains(audit, `"reason":"asked"`) || !strings.Contains(audit, `"who":"admin"`) {
		t.Errorf("the audit of the erasure: %s", audit)
	}
	all := n.do(t, call{line: "GET /v1/audit?limit=1000", as: control.RoleAdmin}).Body.String()
	if strings.Contains(strings.ReplaceAll(all, `"nets":"`+listedIP+`"`, ""), listedIP) {
		t.Errorf("the audit names the address: %s", all)
	}
	n.ask(t, call{line: "GET " + path, as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{
		"incidents.0": nil, "removals.0": nil, "voids.0": nil, "exemptions.0": nil, "sources.0": nil, "erasures.0": nil,
	})
	n.ask(t, call{line: "GET /v1/ips/203.0.113.8", as: control.RoleModerator}, http.StatusOK).wants(t, map[string]any{"incidents.0.note": "of-a-neighbour"})
}

// Exempt takes care that nothing is held again.
func TestPrivacy_exempt(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, listedIP)
	n.ask(t, call{line: "DELETE /v1/privacy/" + listedIP + "?reason=asked&exempt=true", as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{"exempt": true})
	n.wantListed(t, listedIP, false)
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: `{"ip":"` + listedIP + `","kind":"ssh.maxauth","note":"again"}`, headers: []string{jsonBody}}, http.StatusOK)
	n.ask(t, call{line: "GET /v1/privacy/" + listedIP, as: control.RoleAdmin}, http.StatusOK).wants(t, map[string]any{
		"incidents.0": nil, "exemptions.0.reason": "erased on request",
	})
}

func TestPrivacy_refuses(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for query, field := range map[string]string{"": "reason", "?reason=+": "reason", "?reason=x&sure=1": "sure", "?reason=x&exempt=maybe": "exempt"} {
		n.ask(t, call{line: "DELETE /v1/privacy/203.0.113.7" + query, as: control.RoleAdmin}, http.StatusBadRequest).wants(t, map[string]any{"field": field})
	}
	n.ask(t, call{line: "DELETE /v1/privacy/203.0.113.0-8?reason=x", as: control.RoleAdmin}, http.StatusBadRequest)
	n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth")
	n.ledger.failWith(errors.Join(scoring.ErrUnavailable))
	// A part must not pass for all.
	n.ask(t, call{line: "GET /v1/privacy/203.0.113.7", as: control.RoleAdmin}, http.StatusServiceUnavailable)
	n.ask(t, call{line: "DELETE /v1/privacy/203.0.113.7?reason=x", as: control.RoleAdmin}, http.StatusServiceUnavailable)
}

// Notes that the policy keeps no longer are told nowhere, though the ledger has
// them still.
func TestNotes_kept_no_longer(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.setPolicy(t, "note_ttl", "1h")
	n.report(t, control.RoleReporter, "ip="+listedIP+"&kind=ssh.maxauth&note=marker-41aa")
	tells := func() map[string]bool {
		told := map[string]bool{}
		for _, line := range []string{"GET /v1/ips/" + listedIP, "GET /v1/incidents", "GET /v1/privacy/" + listedIP} {
			w := n.do(t, call{line: line, as: control.RoleAdmin})
			if w.Code != http.StatusOK {
				t.Errorf("%s answers %d: %s", line, w.Code, w.Body)
			}
			told[line] = strings.Contains(w.Body.String(), "marker-41aa")
		}
		return told
	}
	for where, told := range tells() {
		if !told {
			t.Errorf("a fresh note is not told by %s", where)
		}
	}
	n.wait(time.Hour + time.Second)
	for where, told := range tells() {
		if told {
			t.Errorf("an old note is told by %s", where)
		}
	}
}
