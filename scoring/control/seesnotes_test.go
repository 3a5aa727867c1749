package control_test

import (
	"testing"

	"penaltybox/scoring/control"
)

func TestIdentity_SeesNotes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		role   control.Role
		scopes []control.Scope
		own    bool
		want   bool
	}{
		{control.RoleChecker, nil, true, false},
		{control.RoleReader, nil, true, false},
		{control.RoleReporter, nil, true, true},
		{control.RoleReporter, nil, false, false},
		{control.RoleReporter, []control.Scope{control.ScopeReport}, true, true},
		{control.RoleReporter, []control.Scope{control.ScopeCheck}, true, false},
		{control.RoleModerator, nil, false, true},
		{control.RoleModerator, []control.Scope{control.ScopeDelist}, false, true},
		{control.RoleModerator, []control.Scope{control.ScopeCheck, control.ScopeReport}, false, false},
		{control.RoleAdmin, nil, false, true},
		{control.RoleAdmin, []control.Scope{control.ScopeAdmin}, false, true},
	} {
		id := control.Identity{Number: 7, Role: test.role, Scopes: control.ScopesOf(test.scopes...)}
		of := id.Number
		if !test.own {
			of++
		}
		if got := id.SeesNotes(of); got != test.want {
			t.Errorf("%s with %v sees notes (its own: %t): %t", test.role, test.scopes, test.own, got)
		}
	}
}
