package control_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"penaltybox/scoring/control"
)

func TestIdentity_May(t *testing.T) {
	t.Parallel()
	tests := []struct {
		role   control.Role
		scopes string // of the key
		may    string
	}{
		{control.RoleChecker, "", "check"},
		{control.RoleReader, "", "check,read"},
		{control.RoleReporter, "", "check,read,report,bulk"},
		{control.RoleModerator, "", "check,read,report,bulk,range,manual,delist"},
		{control.RoleAdmin, "", "check,read,report,bulk,range,manual,delist,admin"},
		{control.RoleReporter, "report", "report"},
		{control.RoleReporter, "report,range", "report,range"},
		{control.RoleReporter, "read", "check,read"},
		{control.RoleAdmin, "delist", "delist"},
		// A key outlives its reporter's role.
		{control.RoleReader, "report,read", "check,read"},
		{control.RoleReader, "range", ""},
		{control.RoleChecker, "admin", ""},
		{"", "", ""},
	}
	for _, test := range tests {
		identity := control.Identity{Role: test.role}
		if test.scopes != "" {
			var err error
			if identity.Scopes, err = control.ParseScopes(test.scopes); err != nil {
				t.Fatal(err)
			}
		}
		var may []string
		for _, scope := range control.AllScopes() {
			if identity.May(scope) {
				may = append(may, string(scope))
			} else if why, hint := identity.Lacks(scope); why == "" || hint == "" {
				t.Errorf("role %q with %q lacks %s, and nothing says why", test.role, test.scopes, scope)
			}
		}
		if got := strings.Join(may, ","); got != test.may {
			t.Errorf("role %q with %q may %s, want %s", test.role, test.scopes, got, test.may)
		}
	}
}

// What a newer version wrote must narrow here, too.
func TestScopes_JSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`["check"]`, `["report","bulk","range"]`, `["newer"]`, `["read","newer"]`, `["range","newer"]`} {
		var set control.Scopes
		if err := json.Unmarshal([]byte(text), &set); err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		var again control.Scopes
		if err := json.Unmarshal(written, &again); err != nil || again != set {
			t.Errorf("%s was written as %s and read as %v, %v", text, written, again, err)
		}
		may := func(s control.Scope) bool { return control.Identity{Role: control.RoleAdmin, Scopes: set}.May(s) }
		if may(control.ScopeAdmin) || may("newer") {
			t.Errorf("%s lets a key do what it does not name", text)
		}
		if may(control.ScopeReport) != slices.Contains(set.Names(), control.ScopeReport) {
			t.Errorf("%s: may report: %t", text, may(control.ScopeReport))
		}
	}
}

func TestParseScopes_refused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "root", "report,", "report bulk", "Report"} {
		if set, err := control.ParseScopes(text); err == nil || !strings.Contains(err.Error(), "want some of check, read") {
			t.Errorf("%q: %v, %v", text, set, err)
		}
	}
}

func TestKeyOrder_narrower(t *testing.T) {
	t.Parallel()
	many := make([]string, 65)
	for i := range many {
		many[i] = "203.0.113.7"
	}
	tests := []struct {
		name    string
		scopes  string
		sources []string
		want    string // in the error; "": taken
	}{
		{"some of the role's", "report,read", nil, ""},
		{"range, which a reporter must name", "report,range", nil, ""},
		{"more than the role's", "report,delist", nil, "more than the role reporter may; it needs moderator"},
		{"networks", "", []string{"203.0.113.0/24", "2001:db8::/48", "192.0.2.7"}, ""},
		{"host bits", "", []string{"203.0.113.7/24"}, "want a network"},
		{"too many", "", many, "at most 64"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, newStore())
			d.addReporter(t, "web1", control.RoleReporter)
			order := control.KeyOrder{Reporter: "web1"}
			var err error
			if test.scopes != "" {
				if order.Scopes, err = control.ParseScopes(test.scopes); err != nil {
					t.Fatal(err)
				}
			}
			if order.Sources, err = control.ParseSources(test.sources...); err != nil {
				t.Fatal(err)
			}
			_, _, err = d.AddKey(t.Context(), noon, order)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("AddKey: %v, want %q", err, test.want)
			}
		})
	}
}
