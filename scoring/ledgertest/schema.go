package ledgertest

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"penaltybox/scoring"
)

func tellSchemaNewer(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)
	n.stop()

	newer := backend.Schema + 1
	backend.SetSchema(t, newer)
	ledger, err := backend.Open(t)
	if err == nil {
		closeLedger(t, ledger)
		t.Fatalf("opened a ledger of schema %d", newer)
	}
	if !errors.Is(err, scoring.ErrSchema) {
		t.Errorf("opening a newer ledger: %v, want %v", err, scoring.ErrSchema)
	}
	for _, version := range []int{newer, backend.Schema} {
		if !strings.Contains(err.Error(), strconv.Itoa(version)) {
			t.Errorf("opening a newer ledger: %q does not name version %d", err, version)
		}
	}

	// Refusing it changed nothing: the newer program finds all as it was.
	backend.SetSchema(t, backend.Schema)
	wantCounting(t, start(t, backend), in)
}

func tellSchemaOlder(t *testing.T, backend Backend) {
	n := start(t, backend)
	in, withdrawn := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.1", 2)
	record(t, n, in, withdrawn)
	a := amendment(withdrawn, 1)
	a.Withdrawn = true
	amend(t, n, a)
	policy := scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{}`)}
	put(t, n, policy)
	n.stop()

	backend.SetSchema(t, backend.Schema-1)
	for range 2 { // the first start may migrate, the second finds it done
		n = start(t, backend)
		wantCounting(t, n, in)
		wantControl(t, n, policy)
		if got := receipts(t, n, in)[0]; got.Err != nil || got.Outcome != scoring.Duplicate {
			t.Errorf("a report from before the upgrade again: %+v, want a duplicate", got)
		}
		n.stop()
	}
	n = start(t, backend)
	more := incident(n, "192.0.2.1", 3)
	record(t, n, more)
	wantCounting(t, n, in, more)
}
