package intake_test

import (
	"net/netip"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// ranger is a reporter whose key has the scope range.
func ranger() intake.Caller {
	return intake.Caller{Identity: control.Identity{
		Reporter: "web1", Number: 3, Role: control.RoleReporter, KeyID: "k1", Scopes: control.ScopesOf(control.ScopeReport, control.ScopeRange),
	}}
}

// A range is taken from a key with its scope, or a moderator's, as one incident
// about the range; unless it holds who keeps the list, or all of it is protected.
func TestIntake_Submit_ranges(t *testing.T) {
	t.Parallel()
	moderator := intake.Caller{Identity: control.Identity{Reporter: "mod", Number: 4, Role: control.RoleModerator, KeyID: "k2"}}
	near := ranger()
	near.Source = netip.MustParseAddr("198.51.100.200")
	for _, c := range []struct {
		name    string
		caller  intake.Caller
		ip      string
		status  intake.Status
		ignored string
	}{
		{"by its scope", ranger(), "198.51.100.0/24", intake.Recorded, ""},
		{"of IPv6", ranger(), "2001:db8:7::/48", intake.Recorded, ""},
		{"by a moderator", moderator, "198.51.100.0/25", intake.Recorded, ""},
		{"with the server within", ranger(), "203.0.113.0/24", intake.Ignored, "own address within the range"},
		{"with the server's /64 within", ranger(), "2001:db8:1::/48", intake.Ignored, "own address within the range"},
		{"with the sender within", near, "198.51.100.0/24", intake.Ignored, "own address within the range"},
		{"beside the sender", near, "198.51.100.0/25", intake.Recorded, ""},
		{"exempt as a whole", ranger(), "192.0.2.0/25", intake.Ignored, "exempt: ours (192.0.2.0/24)"},
		{"exempt in part", ranger(), "192.0.3.0/24", intake.Recorded, ""},
		{"private", ranger(), "10.1.2.0/24", intake.Refused, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.exemptions = []scoring.Exemption{
				{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Reason: "ours"}, {Prefix: netip.MustParsePrefix("192.0.3.7/32"), Reason: "ours"},
			}
			result := h.Submit(t.Context(), noon, c.caller, "", []intake.Report{{IP: c.ip, Kind: "ssh.maxauth"}})[0]
			if result.Status != c.status || result.Ignored != c.ignored {
				t.Fatalf("%s: %+v, %v", c.ip, result, result.Refusal)
			}
			if prefix := netip.MustParsePrefix(c.ip); c.status == intake.Recorded && (result.Incident.Prefix != prefix || result.Incident.Addr != prefix.Addr()) {
				t.Errorf("recorded %+v", result.Incident)
			}
		})
	}
}

// What moderators alone may report is not listed by the range of a reporter.
func TestIntake_Submit_rangeAroundProtected(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exemptions = []scoring.Exemption{{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Set: "resolvers", Reason: "public", Action: scoring.AdminOnly}}
	result := h.Submit(t.Context(), noon, ranger(), "", []intake.Report{{IP: "198.51.100.0/24", Kind: "ssh.maxauth"}})[0]
	if result.Status != intake.Refused || result.Refusal.Value != "198.51.100.0/24" || result.Refusal.Code != intake.Protected {
		t.Errorf("%+v, %v", result, result.Refusal)
	}
}
