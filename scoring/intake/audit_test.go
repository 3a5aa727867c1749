package intake_test

import (
	"strings"
	"testing"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// The audit tells who changed what an incident counts, and never what a note
// says.
func TestIntake_Amend_audited(t *testing.T) {
	t.Parallel()
	h, key := reported(t)
	steps := []struct {
		change        intake.Change
		action        string
		before, after string
	}{
		{
			intake.Change{Points: "5"},
			"amend",
			`{"kind":"ssh.maxauth","points":20,"expires":"2026-11-23T11:00:00Z","withdrawn":false}`,
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":false}`,
		},
		{
			intake.Change{Withdraw: of(true), Reason: "was us"},
			"withdraw",
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":false}`,
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":true}`,
		},
		{
			intake.Change{Note: of("alice@host7 said so")},
			"amend",
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":true}`,
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":true,"new_note":true}`,
		},
		{
			intake.Change{Withdraw: of(false)},
			"restore",
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":true}`,
			`{"kind":"ssh.maxauth","points":5,"expires":"2026-11-23T11:00:00Z","withdrawn":false}`,
		},
	}
	for i, step := range steps {
		if _, refusal, err := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, step.change); refusal != nil || err != nil {
			t.Fatalf("step %d: %v, %v", i, refusal, err)
		}
		event := h.audit[i]
		if event.Who != "web1" || event.KeyID != "abcdefgh" || event.Source.String() != "198.51.100.99" {
			t.Errorf("step %d: who: %+v", i, event)
		}
		if event.Action != step.action || event.Object != "incident/203.0.113.7/32|"+key.ID.String() || event.Reason != step.change.Reason {
			t.Errorf("step %d: what: %+v", i, event)
		}
		if string(event.Before) != step.before || string(event.After) != step.after {
			t.Errorf("step %d:\nbefore %s\n  want %s\nafter  %s\n  want %s", i, event.Before, step.before, event.After, step.after)
		}
		if text := string(event.Before) + string(event.After) + event.Reason; strings.Contains(text, "alice") {
			t.Errorf("step %d: the note is in the audit: %s", i, text)
		}
	}
	// What is refused, or fails, changes nothing and tells nothing.
	other := caller(control.RoleReporter)
	other.Number = 3
	if _, refusal, _ := h.Amend(t.Context(), noon, other, key, intake.Change{Points: "1"}); refusal == nil || len(h.audit) != len(steps) {
		t.Errorf("a refused amendment: %v, and %d events", refusal, len(h.audit))
	}
}
