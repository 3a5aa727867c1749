package control_test

import (
	"testing"

	"penaltybox/scoring/control"
)

func TestRole_AtLeast(t *testing.T) {
	t.Parallel()
	roles := control.Roles()
	for i, role := range roles {
		for j, other := range roles {
			if got, want := role.AtLeast(other), i >= j; got != want {
				t.Errorf("%s at least %s: %t, want %t", role, other, got, want)
			}
			least := roles[min(i, j)]
			if got := role.Least(other); got != least {
				t.Errorf("least of %s and %s: %s, want %s", role, other, got, least)
			}
		}
	}
}

// A role that this version does not know must never give a right, whichever
// of reporter and key has it.
func TestRole_Least_unknown(t *testing.T) {
	t.Parallel()
	for _, unknown := range []control.Role{"", "auditor", "Admin"} {
		for _, pair := range [][2]control.Role{{control.RoleAdmin, unknown}, {unknown, control.RoleAdmin}} {
			least := pair[0].Least(pair[1])
			for _, right := range control.Roles() {
				if least.AtLeast(right) {
					t.Errorf("the least of %q and %q counts as %s", pair[0], pair[1], right)
				}
			}
		}
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, role := range control.Roles() {
		if got, err := control.ParseRole(string(role)); err != nil || got != role {
			t.Errorf("ParseRole(%q) = %q, %v", role, got, err)
		}
	}
	for _, text := range []string{"", "root", "Reader", " admin"} {
		if got, err := control.ParseRole(text); err == nil {
			t.Errorf("ParseRole(%q) = %q, want it refused", text, got)
		}
	}
}
