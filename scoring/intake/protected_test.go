package intake_test

import (
	"net/netip"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// What protects an address decides what becomes of its report, whoever sends
// it; the answer names the set.
func TestIntake_Submit_protected(t *testing.T) {
	t.Parallel()
	by := func(set string, action scoring.Protection) scoring.Exemption {
		return scoring.Exemption{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "theirs", Set: set, Action: action}
	}
	exempt := scoring.Exemption{Prefix: netip.MustParsePrefix("203.0.0.0/16"), Reason: "office"}
	const protected = `ip "203.0.113.7": is protected by cdn: theirs (203.0.113.0/24)`
	tests := []struct {
		name   string
		by     []scoring.Exemption
		as     control.Role
		status intake.Status
		says   string
	}{
		{"nothing", nil, control.RoleReporter, intake.Recorded, ""},
		{"never listed", []scoring.Exemption{by("cdn", scoring.NeverList)}, control.RoleReporter, intake.Recorded, ""},
		{"refused", []scoring.Exemption{by("cdn", scoring.Refuse)}, control.RoleReporter, intake.Refused, protected + "; behind a proxy, make the log show the client's address; an admin may change what the set does"},
		{"refused to an admin too", []scoring.Exemption{by("cdn", scoring.Refuse)}, control.RoleAdmin, intake.Refused, protected + "; behind a proxy, make the log show the client's address; an admin may change what the set does"},
		{"for moderators", []scoring.Exemption{by("cdn", scoring.AdminOnly)}, control.RoleReporter, intake.Refused, protected + "; only a moderator's or admin's report of it is taken"},
		{"by a moderator", []scoring.Exemption{by("cdn", scoring.AdminOnly)}, control.RoleModerator, intake.Recorded, ""},
		{"two sets, one of which refuses", []scoring.Exemption{by("a", scoring.NeverList), by("cdn", scoring.AdminOnly)}, control.RoleReporter, intake.Refused, protected + "; only a moderator's or admin's report of it is taken"},
		{"always", []scoring.Exemption{by("reporter-networks", "")}, control.RoleAdmin, intake.Ignored, "protected by reporter-networks: theirs (203.0.113.0/24)"},
		{"exempt, and refused by a set", []scoring.Exemption{by("cdn", scoring.Refuse), exempt}, control.RoleReporter, intake.Ignored, "exempt: office (203.0.0.0/16)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.exemptions = test.by
			got := h.Submit(t.Context(), noon, caller(test.as), "", []intake.Report{good(nil)})[0]
			says := got.Ignored
			if got.Refusal != nil {
				says = got.Refusal.Error()
			}
			if got.Status != test.status || says != test.says {
				t.Errorf("%s: %s\nwant %s: %s", got.Status, says, test.status, test.says)
			}
			if got.Refusal != nil && got.Refusal.Code != intake.Protected {
				t.Errorf("code %d", got.Refusal.Code)
			}
		})
	}
}
