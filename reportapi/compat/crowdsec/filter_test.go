package crowdsec_test

import (
	"net/http"
	"testing"

	"penaltybox/scoring/control"
)

// Bouncers and cscli also ask for decisions on countries and networks' numbers.
// There are none here, which is no fault of theirs.
func TestFilter_scopes_there_are_no_decisions_of(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	moderator := n.login(t, control.RoleModerator)
	n.list(t, "203.0.113.7", "1h")
	const nothing = `{"deleted":[],"new":[]}`
	for _, query := range []string{"scope=Country&value=FR", "scopes=Country&value=FR", "scope=AS&value=64500", "scope=username&value=root", "scopes=ip,country&value=FR", "value=FR"} {
		n.wants(t, "GET /v1/decisions?"+query, http.StatusOK, "null")
		n.wants(t, "GET /v1/decisions/stream?startup=true&"+query, http.StatusOK, nothing)
		n.wants(t, "GET /v1/alerts?"+query, http.StatusOK, "[]")
		deleted(t, n, "DELETE /v1/decisions?"+query, moderator, "0")
	}
	deleted(t, n, "DELETE /v1/decisions?scope=Country", moderator, "0")
	n.listed(t, startup, "203.0.113.7")
	// What cannot be an address where one is asked for is a mistake.
	for _, query := range []string{"scope=Ip&value=203.0.113.300", "scopes=ip,range&value=FR", "ip=FR", "scope=Country&range=FR"} {
		if w := n.do("GET /v1/decisions?"+query, "", n.apiKey(control.RoleReader)); w.Code != http.StatusBadRequest {
			t.Errorf("%s answers %d: %s", query, w.Code, w.Body)
		}
	}
}

// A forum's key asks of one address, and learns no more.
func TestDecisions_by_a_checker(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.list(t, "203.0.113.7", "1h")
	for line, status := range map[string]int{
		"GET /v1/decisions?ip=203.0.113.7":                     200,
		"GET /v1/decisions?ip=203.0.113.8":                     200,
		"GET /v1/decisions?ip=2001:db8::7&type=ban":            200,
		"HEAD /v1/decisions?ip=203.0.113.7":                    200,
		"GET /v1/decisions":                                    403,
		"GET /v1/decisions?ip=":                                403,
		"GET /v1/decisions?ip=203.0.113.0/24":                  403,
		"GET /v1/decisions?ip=x":                               403,
		"GET /v1/decisions?ip=203.0.113.7&ip=0.0.0.0/0":        403,
		"GET /v1/decisions?ip=203.0.113.7&range=0.0.0.0/0":     403,
		"GET /v1/decisions?ip=203.0.113.7&value=0.0.0.0/0":     403,
		"GET /v1/decisions?range=203.0.113.7/32":               403,
		"GET /v1/decisions/stream?startup=true&ip=203.0.113.7": 403,
		"GET /v1/alerts?ip=203.0.113.7":                        403,
		"GET /v1/decisions?scope=Country&value=FR":             403,
	} {
		if w := n.do(line, "", n.apiKey(control.RoleChecker)); w.Code != status {
			t.Errorf("%s answers %d, want %d: %s", line, w.Code, status, w.Body)
		}
	}
}
