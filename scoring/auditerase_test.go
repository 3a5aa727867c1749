package scoring_test

import (
	"encoding/json"
	"net/netip"
	"testing"

	"penaltybox/scoring"
)

func TestAuditEvent_Erase(t *testing.T) {
	t.Parallel()
	v4, v6, wide := "203.0.113.7/32", "2001:db8:1:2::/64", "203.0.113.0/24"
	tests := []struct {
		name, prefix string
		event        scoring.AuditEvent
		object       string // afterwards
		found        bool
	}{
		{"an incident", v4, scoring.AuditEvent{Object: "incident/203.0.113.7/32|0123456789abcdef"}, "incident/erased|0123456789abcdef", true},
		{"an exemption", v4, scoring.AuditEvent{Object: "exempt/203.0.113.7/32"}, "exempt/erased", true},
		{"a longer number", v4, scoring.AuditEvent{Object: "exempt/203.0.113.70/32"}, "exempt/203.0.113.70/32", false},
		{"another's number", v4, scoring.AuditEvent{Object: "exempt/1203.0.113.7/32"}, "exempt/1203.0.113.7/32", false},
		{"a range around it", v4, scoring.AuditEvent{Object: "exempt/203.0.113.0/24"}, "exempt/203.0.113.0/24", false},
		{"within a range", wide, scoring.AuditEvent{Object: "incident/203.0.113.9/32|00"}, "incident/erased|00", true},
		{"the range itself", wide, scoring.AuditEvent{Object: "exempt/203.0.113.0/24"}, "exempt/erased", true},
		{"IPv6", v6, scoring.AuditEvent{Object: "incident/2001:db8:1:2::/64|00"}, "incident/erased|00", true},
		{"one of IPv6", v6, scoring.AuditEvent{Object: "exempt/2001:db8:1:2::7/128"}, "exempt/erased", true},
		{"other IPv6", v6, scoring.AuditEvent{Object: "exempt/2001:db8:1:3::/64"}, "exempt/2001:db8:1:3::/64", false},
		{"in the state", v4, scoring.AuditEvent{Object: "void/1", After: json.RawMessage(`{"prefix":"203.0.113.7/32"}`)}, "void/1", true},
		{"in the state before", v4, scoring.AuditEvent{Object: "void/1", Before: json.RawMessage(`{"prefix":"203.0.113.7"}`)}, "void/1", true},
		{"in the reason", v4, scoring.AuditEvent{Object: "policy", Reason: "complaint of 203.0.113.7."}, "policy", true},
		{"who asked", v4, scoring.AuditEvent{Object: "removal/1", Source: netip.MustParseAddr("203.0.113.7")}, "removal/1", true},
		{"mapped", v4, scoring.AuditEvent{Object: "removal/1", Source: netip.MustParseAddr("::ffff:203.0.113.7")}, "removal/1", true},
		{"none", v4, scoring.AuditEvent{Object: "reporter/web1.example", Reason: "12:30, half past: done"}, "reporter/web1.example", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.event.Who, test.event.Action = "admin", "change"
			prefix := netip.MustParsePrefix(test.prefix)
			erased, found := test.event.Erase(prefix)
			if found != test.found || erased.Object != test.object || erased.Erased != test.found {
				t.Errorf("Erase = %+v, %t", erased, found)
			}
			if found && (erased.Before != nil || erased.After != nil || erased.Reason != "" || erased.Source.IsValid()) {
				t.Errorf("something is left: %+v", erased)
			}
			if erased.Who != "admin" || erased.Action != "change" {
				t.Errorf("too much is gone: %+v", erased)
			}
			if _, again := erased.Erase(prefix); again {
				t.Error("there is something to erase once more")
			}
		})
	}
}
