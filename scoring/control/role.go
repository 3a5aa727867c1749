package control

import (
	"fmt"
	"slices"
)

// Role says what a reporter, and each of its keys, may do.
type Role string

// The roles, from least to most.
const (
	RoleChecker   Role = "checker"   // asks whether an address is listed, and nothing else
	RoleReader    Role = "reader"    // looks up and fetches lists
	RoleReporter  Role = "reporter"  // also reports, and takes back what it reported
	RoleModerator Role = "moderator" // also amends and withdraws for others, raises points, exempts
	RoleAdmin     Role = "admin"     // also reporters, keys and policy
)

// Roles returns all roles, least first.
func Roles() []Role { return []Role{RoleChecker, RoleReader, RoleReporter, RoleModerator, RoleAdmin} }

// ParseRole reads a role's name.
func ParseRole(text string) (Role, error) {
	if r := Role(text); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fmt.Errorf("role %q: want checker, reader, reporter, moderator or admin", text)
}

// AtLeast tells whether the role includes all that other may do.
func (r Role) AtLeast(other Role) bool {
	return slices.Index(Roles(), r) >= slices.Index(Roles(), other) && r != ""
}

// Least returns the smaller of two roles.
func (r Role) Least(other Role) Role {
	if r.AtLeast(other) {
		return other
	}
	return r
}
