package intake_test

import (
	"testing"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Whose notes are scrubbed of what: a reporter's of everything, a moderator's of
// passwords, nobody's once the policy says so.
func TestIntake_Submit_scrubs(t *testing.T) {
	t.Parallel()
	const note = "user bob on web1.example.org, token=abc"
	tests := []struct {
		name   string
		role   control.Role
		off    bool
		kind   string
		from   string // the log's service
		note   string
		stored string
	}{
		{"reporter", control.RoleReporter, false, "ssh.maxauth", "sshd", note, "user *** on ***, token=***"},
		{"moderator", control.RoleModerator, false, "ssh.maxauth", "sshd", note, "user bob on web1.example.org, token=***"},
		{"switched off", control.RoleReporter, true, "ssh.maxauth", "sshd", note, note},
		{"an account, of a login", control.RoleReporter, false, "ssh.maxauth", "sshd", "bob", "***"},
		{"an account that every machine has", control.RoleReporter, false, "mail.auth", "sshd", "admin", "admin"},
		{"a word, of something else", control.RoleReporter, false, "web.probe", "sshd", "sqlmap", "sqlmap"},
		{"a word, not of a log's reader", control.RoleReporter, false, "ssh.maxauth", "", "seen", "seen"},
		{"an account, by a moderator", control.RoleModerator, false, "ssh.maxauth", "sshd", "bob", "bob"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.policy.ScrubNotes = new(!test.off)
			who := caller(test.role)
			who.Hosts = "web1.example.org"
			report := good(func(r *intake.Report) {
				r.Kind, r.Service, r.Note, r.Observed = test.kind, test.from, test.note, "2026-11-22T11:00:00Z"
			})
			result := h.Submit(t.Context(), noon, who, "", []intake.Report{report})[0]
			if result.Status != intake.Recorded || result.Incident.Note != test.stored {
				t.Errorf("%s: note %q, want %q", result.Status, result.Incident.Note, test.stored)
			}
			if want := noon.Add(h.policy.DetailTTL()); !result.Incident.Until.Equal(want) {
				t.Errorf("the detail is kept until %s, want %s", result.Incident.Until, want)
			}
			// The same line read again, after the policy was changed.
			h.policy.ScrubNotes = new(test.off)
			if again := h.Submit(t.Context(), noon, who, "", []intake.Report{report})[0]; again.Status != intake.Duplicate {
				t.Errorf("read again it is %s, want a duplicate", again.Status)
			}
		})
	}
}

// Two accounts tried in one second are two events, although both are hidden.
func TestIntake_Submit_scrubbed_apart(t *testing.T) {
	t.Parallel()
	seen := func(note string) intake.Report {
		return good(func(r *intake.Report) { r.Note, r.Observed = note, "2026-11-22T11:00:00Z" })
	}
	if one, two := idOf(t, "web1", seen("user bob")), idOf(t, "web1", seen("user carol")); one == two {
		t.Error("what only differs in what is hidden became one incident")
	}
}
