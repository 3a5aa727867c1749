package backup_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/backup"
	"penaltybox/scoring/boltledger"
)

func openBolt(t *testing.T) *boltledger.Ledger {
	t.Helper()
	ledger, err := boltledger.Open(filepath.Join(t.TempDir(), "ledger"), boltledger.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatalf("opening a ledger: %v", err)
	}
	t.Cleanup(func() {
		if err := ledger.Close(); err != nil {
			t.Errorf("closing the ledger: %v", err)
		}
	})
	return ledger
}

// The same through two files: what was recorded, amended and withdrawn by
// ordinary means comes back from a backup of the backup.
func TestBackup_embeddedLedger(t *testing.T) {
	t.Parallel()
	original, copied, again := openBolt(t), openBolt(t), openBolt(t)
	fill(t, original)
	counts := moveTo(t, original, copied)
	if want := (backup.Counts{Records: 1, Incidents: 2200, Amended: 2, Audit: 3}); counts != want {
		t.Errorf("restored %+v, want %+v", counts, want)
	}
	moveTo(t, copied, again)
	for name, ledger := range map[string]*boltledger.Ledger{"the copy": copied, "the copy's copy": again} {
		if diff := diff(dump(t, original), dump(t, ledger)); diff != "" {
			t.Errorf("entries of %s differ (-original +copy):\n%s", name, diff)
		}
		if diff := diff(values(t, original), values(t, ledger)); diff != "" {
			t.Errorf("control records of %s differ (-original +copy):\n%s", name, diff)
		}
		if diff := diff(audit(t, original), audit(t, ledger)); diff != "" {
			t.Errorf("the audit of %s differs (-original +copy):\n%s", name, diff)
		}
		if ledger.ID() == original.ID() {
			t.Errorf("%s has the original's id", name)
		}
	}
}

// fill records 2,200 incidents, amends one and withdraws one.
func fill(t *testing.T, ledger *boltledger.Ledger) {
	t.Helper()
	incidents := make([]scoring.Incident, 2200)
	for i := range incidents {
		incidents[i] = entry(fmt.Sprintf("203.0.%d.%d", i/256, i%256), scoring.ID(i)).Incident
	}
	receipts, err := ledger.Record(t.Context(), incidents)
	if err != nil {
		t.Fatal(err)
	}
	for i, receipt := range receipts {
		if receipt.Err != nil {
			t.Fatalf("recording incident %d: %v", i, receipt.Err)
		}
	}
	first := *amended(scoring.Entry{Incident: incidents[0]}, func(a *scoring.Amendment) { a.Version, a.Points = 1, 5 }).Amendment
	second := first
	second.Version, second.Points = 2, 3
	gone := *amended(scoring.Entry{Incident: incidents[1]}, func(a *scoring.Amendment) { a.Version, a.Withdrawn = 1, true }).Amendment
	for _, a := range []scoring.Amendment{first, second, gone} {
		if err := ledger.Amend(t.Context(), a); err != nil {
			t.Fatalf("amending: %v", err)
		}
	}
	for version := range uint64(3) {
		record := scoring.ControlRecord{Key: "policy", Version: version + 1, Value: fmt.Appendf(nil, `{"threshold":%d}`, 50+version), Audit: &decisions()[0]}
		if err := ledger.PutControl(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
}

func moveTo(t *testing.T, from, to *boltledger.Ledger) backup.Counts {
	t.Helper()
	var file bytes.Buffer
	mustWrite(t, &file, from)
	counts, err := backup.Restore(t.Context(), &file, to, noon)
	if err != nil {
		t.Fatalf("restoring: %v", err)
	}
	return counts
}
