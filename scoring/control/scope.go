package control

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Scope is one thing that a key may do. A role brings scopes along, and a key
// that names some may do no more than those. The empty scope stands for what
// every good key may.
type Scope string

// The scopes.
const (
	ScopeCheck  Scope = "check"  // ask whether an address is listed
	ScopeRead   Scope = "read"   // look up and fetch lists; includes check
	ScopeReport Scope = "report" // report, and take back what oneself reported
	ScopeBulk   Scope = "bulk"   // beside report: more than one report in a request
	ScopeRange  Scope = "range"  // beside report: ranges, not only addresses
	ScopeManual Scope = "manual" // kinds that need a moderator, and more points than the kind's
	ScopeDelist Scope = "delist" // withdraw for others, exempt, void, decide on removals
	ScopeAdmin  Scope = "admin"  // reporters, keys, policy, audit, backups
)

// AllScopes returns all scopes, least first.
func AllScopes() []Scope {
	return []Scope{ScopeCheck, ScopeRead, ScopeReport, ScopeBulk, ScopeRange, ScopeManual, ScopeDelist, ScopeAdmin}
}

// ParseScope reads a scope's name.
func ParseScope(text string) (Scope, error) {
	if s := Scope(text); slices.Contains(AllScopes(), s) {
		return s, nil
	}
	var known []string
	for _, s := range AllScopes() {
		known = append(known, string(s))
	}
	return "", fmt.Errorf("scope %q: want some of %s", text, strings.Join(known, ", "))
}

// role is the least role that has the scope by itself.
func (s Scope) role() Role {
	switch s {
	case ScopeCheck, "":
		return RoleChecker
	case ScopeRead:
		return RoleReader
	case ScopeReport, ScopeBulk:
		return RoleReporter
	case ScopeRange, ScopeManual, ScopeDelist:
		return RoleModerator
	}
	return RoleAdmin
}

// named is the least role whose keys may have the scope, if they name it. A
// range lists many who did nothing, so that no reporter's key has it unasked.
func (s Scope) named() Role {
	if s == ScopeRange {
		return RoleReporter
	}
	return s.role()
}

// Scopes is a set of scopes; the empty one does not narrow.
type Scopes uint16

// foreignScope stands for scopes that only a newer version knows: a key that
// names nothing else may do nothing here, rather than everything.
const foreignScope Scopes = 1 << 15

// ScopesOf returns the set of some scopes.
func ScopesOf(scopes ...Scope) Scopes {
	var set Scopes
	for _, s := range scopes {
		if i := slices.Index(AllScopes(), s); i >= 0 {
			set |= 1 << i
		} else {
			set |= foreignScope
		}
	}
	return set
}

// ParseScopes reads names of scopes, each of which may be several with commas
// between.
func ParseScopes(texts ...string) (Scopes, error) {
	var set Scopes
	for _, text := range texts {
		for _, name := range strings.Split(text, ",") {
			s, err := ParseScope(strings.TrimSpace(name))
			if err != nil {
				return 0, err
			}
			set |= ScopesOf(s)
		}
	}
	return set, nil
}

// Has tells whether a scope is in the set.
func (set Scopes) Has(s Scope) bool { return set&ScopesOf(s)&^foreignScope != 0 }

// Names returns the scopes of the set, least first.
func (set Scopes) Names() []Scope {
	var names []Scope
	for _, s := range AllScopes() {
		if set.Has(s) {
			names = append(names, s)
		}
	}
	if set&foreignScope != 0 {
		names = append(names, "other")
	}
	return names
}

// String writes the scopes with commas between.
func (set Scopes) String() string {
	var names []string
	for _, s := range set.Names() {
		names = append(names, string(s))
	}
	return strings.Join(names, ",")
}

// MarshalJSON writes a list of names.
func (set Scopes) MarshalJSON() ([]byte, error) { return json.Marshal(set.Names()) }

// UnmarshalJSON reads a list of names, of which it need not know all.
func (set *Scopes) UnmarshalJSON(text []byte) error {
	var names []Scope
	if err := json.Unmarshal(text, &names); err != nil {
		return err
	}
	*set = ScopesOf(names...)
	return nil
}

// fit tells whether keys of a role may name these scopes.
func (set Scopes) fit(role Role) error {
	for _, s := range set.Names() {
		if !role.AtLeast(s.named()) {
			return fmt.Errorf("scope %q: more than the role %s may; it needs %s", s, role, s.named())
		}
	}
	return nil
}
