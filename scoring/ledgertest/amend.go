package ledgertest

import (
	"errors"
	"testing"
	"time"

	"penaltybox/scoring"
)

func tellAmend(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)
	note := "a false alarm, says the owner"
	empty := ""
	steps := []struct {
		name   string
		change func(*scoring.Amendment)
	}{
		{"nothing", func(*scoring.Amendment) {}},
		{"more points", func(a *scoring.Amendment) { a.Points = 500 }},
		{"another kind", func(a *scoring.Amendment) { a.Kind = 10 }},
		{"longer", func(a *scoring.Amendment) { a.Expires = in.Expires.Add(time.Hour) }},
		{"shorter", func(a *scoring.Amendment) { a.Expires = in.Expires.Add(-time.Hour) }},
		{"note", func(a *scoring.Amendment) { a.Note = &note }},
		{"no note any more", func(a *scoring.Amendment) { a.Note = &empty }},
		{"no reason", func(a *scoring.Amendment) { a.Reason = "" }},
		{"over already", func(a *scoring.Amendment) { a.Expires = in.Reported.Add(-time.Second) }},
		{"live again", func(*scoring.Amendment) {}},
	}
	var noted *string
	for i, step := range steps {
		a := amendment(in, uint64(i+1))
		step.change(&a)
		amend(t, n, a)
		if a.Note == nil {
			a.Note = noted // stays until another takes its place
		}
		noted = a.Note
		entry := scoring.Entry{Incident: in, Amendment: &a}
		wantDetails(t, n, entry)
		if effective, _ := entry.Effective(); effective.Expires.After(n.Now()) {
			wantCounting(t, n, effective)
		} else {
			wantCounting(t, n)
		}
		if t.Failed() {
			t.Fatalf("at the step %q", step.name)
		}
	}
}

func tellAmendUnknown(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	otherID, otherPrefix := amendment(in, 1), amendment(in, 1)
	otherID.ID = 2
	otherPrefix.Prefix = scoring.PrefixOf(incident(n, "192.0.2.2", 1).Addr)
	record(t, n, in)
	for _, a := range []scoring.Amendment{otherID, otherPrefix} {
		if err := n.Amend(t.Context(), a); !errors.Is(err, scoring.ErrNotFound) {
			t.Errorf("amending %s %s, which is not there: %v, want not found", a.Prefix, a.ID, err)
		}
	}
	wantCounting(t, n, in)
}

func tellAmendConflict(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)
	refused := func(version uint64) {
		t.Helper()
		a := amendment(in, version)
		a.Points = 999
		if err := n.Amend(t.Context(), a); !errors.Is(err, scoring.ErrConflict) {
			t.Errorf("amending with version %d: %v, want a conflict", version, err)
		}
	}
	refused(0)
	refused(2)
	wantCounting(t, n, in)

	first := amendment(in, 1)
	first.Points = 1
	amend(t, n, first)
	refused(1)
	refused(3)
	wantDetails(t, n, scoring.Entry{Incident: in, Amendment: &first})

	n = n.restart(t, backend)
	refused(1)
	amend(t, n, amendment(in, 2))
}

func tellWithdraw(t *testing.T, backend Backend) {
	n := start(t, backend)
	in, stays := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.1", 2)
	record(t, n, in, stays)
	withdrawn := amendment(in, 1)
	withdrawn.Withdrawn = true
	amend(t, n, withdrawn)

	check := func(t *testing.T, n *node) {
		t.Helper()
		wantCounting(t, n, stays)
		// A log that is read again tells the report again. It is known, and
		// what was withdrawn stays so.
		if got := receipts(t, n, in)[0]; got.Err != nil || got.Outcome != scoring.Duplicate {
			t.Errorf("a withdrawn report again: %+v, want a duplicate", got)
		}
		wantCounting(t, n, stays)
		wantDetails(t, n, scoring.Entry{Incident: in, Amendment: &withdrawn})
	}
	check(t, n)
	n = n.restart(t, backend)
	check(t, n)

	// Withdrawing was an amendment; the next one can undo it.
	amend(t, n, amendment(in, 2))
	wantCounting(t, n, in, stays)
}
