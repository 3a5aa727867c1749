package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
)

func tellRecord(t *testing.T, backend Backend) {
	n := start(t, backend)
	one := incident(n, "192.0.2.1", 1)
	other := incident(n, "192.0.2.2", 1) // ids are unique within a prefix only
	six := incident(n, "2001:db8::7", 0xffffffffffffffff)
	record(t, n, one)
	// What Record acknowledged is visible at once, without waiting.
	wantCounting(t, n, one)
	record(t, n, other, six)
	wantCounting(t, n, one, other, six)
	wantDetails(t, n, scoring.Entry{Incident: six}, scoring.Entry{Incident: one}, scoring.Entry{Incident: other})
	if got := receipts(t, n); len(got) != 0 {
		t.Errorf("recording nothing gave %d receipts", len(got))
	}
}

func tellRecordUnfollowed(t *testing.T, backend Backend) {
	ledger := open(t, backend)
	in := incident(ledger, "192.0.2.1", 1)
	for _, receipt := range receipts(t, ledger, in) {
		if want := (scoring.Receipt{Outcome: scoring.Recorded}); receipt != want {
			t.Errorf("without a follower the receipt is %+v, want %+v: recorded, not visible", receipt, want)
		}
	}
	wantDetails(t, ledger, scoring.Entry{Incident: in})
	closeLedger(t, ledger)

	n := start(t, backend)
	wantCounting(t, n, in)
}

func tellDuplicate(t *testing.T, backend Backend) {
	n := start(t, backend)
	in := incident(n, "192.0.2.1", 1)
	record(t, n, in)

	again := in
	again.Expires = in.Expires.Add(5 * time.Second) // a report sent again a moment later is the same report
	again.Note = "told in other words"
	others := map[string]func(*scoring.Incident){
		"kind":     func(in *scoring.Incident) { in.Kind++ },
		"points":   func(in *scoring.Incident) { in.Points++ },
		"reporter": func(in *scoring.Incident) { in.Reporter++ },
	}
	check := func(t *testing.T, n *node) {
		t.Helper()
		if got, want := receipts(t, n, again)[0], (scoring.Receipt{Outcome: scoring.Duplicate, Visible: true}); got != want {
			t.Errorf("the same report again: %+v, want %+v", got, want)
		}
		for what, change := range others {
			other := in
			change(&other)
			if got := receipts(t, n, other)[0]; !errors.Is(got.Err, scoring.ErrConflict) {
				t.Errorf("same id, other %s: %+v, want a conflict", what, got)
			}
		}
		wantCounting(t, n, in)
		wantDetails(t, n, scoring.Entry{Incident: in})
	}
	check(t, n)
	check(t, n.restart(t, backend))
}

func tellDuplicateWithinCall(t *testing.T, backend Backend) {
	n := start(t, backend)
	in, other := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.1", 2)
	conflicting := in
	conflicting.Points++
	got := receipts(t, n, in, in, conflicting, other)
	for i, want := range []scoring.Outcome{0: scoring.Recorded, 1: scoring.Duplicate, 3: scoring.Recorded} {
		if i == 2 {
			continue
		}
		if got[i].Err != nil || got[i].Outcome != want {
			t.Errorf("row %d: %+v, want outcome %d", i, got[i], want)
		}
	}
	if !errors.Is(got[2].Err, scoring.ErrConflict) {
		t.Errorf("row 2: %+v, want a conflict", got[2])
	}
	wantCounting(t, n, in, other)
}

func tellTooMany(t *testing.T, backend Backend) {
	n := start(t, backend)
	const batch = 1000
	for first := 0; first < scoring.MaxIncidents; first += batch {
		rows := make([]scoring.Incident, batch)
		for i := range rows {
			rows[i] = incident(n, "192.0.2.1", scoring.ID(first+i))
		}
		record(t, n, rows...)
	}
	check := func(t *testing.T, n *node) {
		t.Helper()
		first, more := incident(n, "192.0.2.1", 0), incident(n, "192.0.2.1", scoring.MaxIncidents)
		got := receipts(t, n, first, more)
		if got[0].Err != nil || got[0].Outcome != scoring.Duplicate {
			t.Errorf("a known report about a full address: %+v, want a duplicate", got[0])
		}
		if !errors.Is(got[1].Err, scoring.ErrTooMany) {
			t.Errorf("one incident more than %d: %+v, want too many", scoring.MaxIncidents, got[1])
		}
	}
	check(t, n)
	n = n.restart(t, backend)
	check(t, n)
	record(t, n, incident(n, "192.0.2.2", 1)) // another address is not concerned
}

func tellDetail(t *testing.T, backend Backend) {
	n := start(t, backend)
	notes := []string{
		"",
		"a\x00b\r\n\t\"'\\,|\x7f",
		"Grüße, 世界 🛑 \u202e",
		strings.Repeat("long ", 800),
	}
	var want []scoring.Entry
	for i, note := range notes {
		// One /64 holds all of these; the address as reported is kept whole.
		in := incident(n, fmt.Sprintf("2001:db8:1:2:a:b:c:%x", i), scoring.ID(i))
		in.Note = note
		want = append(want, scoring.Entry{Incident: in})
		record(t, n, in)
	}
	sparse := incident(n, "198.51.100.200", 1)
	sparse.Points, sparse.Kind, sparse.Reporter = 65535, scoring.MaxKind, scoring.MaxReporters
	record(t, n, sparse)
	want = append(want, scoring.Entry{Incident: sparse})
	wantDetails(t, n, want...)
	wantDetails(t, n.restart(t, backend), want...)
}

func tellDetails(t *testing.T, backend Backend) {
	n := start(t, backend)
	one, two, never := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.2", 2), incident(n, "192.0.2.3", 3)
	record(t, n, one, two)
	// In the order asked for, twice if asked twice, zero for what is not there.
	got := details(t, n, two, never, one, two)
	same(t, "details", []scoring.Entry{{Incident: two}, {}, {Incident: one}, {Incident: two}}, got)
	if got := details(t, n); len(got) != 0 {
		t.Errorf("asked for no details, got %d", len(got))
	}
}
