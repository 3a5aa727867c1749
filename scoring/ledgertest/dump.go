package ledgertest

import (
	"slices"
	"testing"
	"time"

	"penaltybox/scoring"
)

// dump returns everything the ledger dumps, by key.
func dump(t *testing.T, ledger Ledger) []scoring.Entry {
	t.Helper()
	var entries []scoring.Entry
	for entry, err := range ledger.Dump(t.Context()) {
		if err != nil {
			t.Fatalf("dumping: %v", err)
		}
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b scoring.Entry) int { return compareKeys(a.Key(), b.Key()) })
	return entries
}

func tellDump(t *testing.T, backend Backend) {
	n := start(t, backend)
	if got := dump(t, n); len(got) != 0 {
		t.Fatalf("an empty ledger dumps %d entries", len(got))
	}
	plain, changed, gone := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.2", 2), incident(n, "2001:db8::3", 3)
	record(t, n, plain, changed, gone)
	note := "seen twice"
	longer, withdrawn := amendment(changed, 1), amendment(gone, 1)
	longer.Expires, longer.Points, longer.Note = changed.Expires.Add(time.Hour), 1, &note
	withdrawn.Withdrawn = true
	amend(t, n, longer)
	amend(t, n, withdrawn)
	want := []scoring.Entry{
		{Incident: plain},
		{Incident: changed, Amendment: &longer},
		{Incident: gone, Amendment: &withdrawn},
	}
	same(t, "dump", want, dump(t, n))

	// A consumer may stop early.
	for range n.Dump(t.Context()) {
		break
	}
}

func tellRestore(t *testing.T, source, target Backend) {
	from, to := start(t, source), start(t, target)
	plain, changed, gone := incident(from, "192.0.2.1", 1), incident(from, "192.0.2.1", 2), incident(from, "2001:db8::3", 3)
	record(t, from, plain, changed, gone)
	for version := uint64(1); version <= 3; version++ {
		a := amendment(changed, version)
		a.Points = uint16(version)
		amend(t, from, a)
	}
	withdrawn := amendment(gone, 1)
	withdrawn.Withdrawn = true
	amend(t, from, withdrawn)
	Restore(t, from, to)
	same(t, "counting incidents", from.sink.Counting(from.Now()), to.sink.Counting(from.Now()))
	if from.ID() == to.ID() {
		t.Errorf("two ledgers have one id: %s", from.ID())
	}
}

// Restore puts what one ledger dumped into another, as restoring a backup
// does, and wants the same there. Between two kinds of ledger it is the proof
// that a backup moves.
func Restore(t *testing.T, from, to Ledger) {
	t.Helper()
	entries := dump(t, from)
	for i, entry := range entries {
		for _, receipt := range receipts(t, to, entry.Incident) {
			if receipt.Err != nil {
				t.Fatalf("restoring %s %s: %v", entry.Prefix, entry.ID, receipt.Err)
			}
		}
		if entry.Amendment != nil {
			first := *entry.Amendment
			first.Version = 1 // versions count anew in another ledger
			amend(t, to, first)
			entries[i].Amendment = &first
		}
	}
	same(t, "restored entries", entries, dump(t, to))
}
