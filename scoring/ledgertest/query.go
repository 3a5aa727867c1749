package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"penaltybox/scoring"
)

// tellQueries asks as the fronts do: the scoreboard knows which incidents, the
// ledger what they say.
func tellQueries(t *testing.T, backend Backend) {
	ledger := open(t, backend)
	defer closeLedger(t, ledger)
	b, unfollow := followBoard(t, ledger)
	defer unfollow()

	older, mine, theirs := incident(ledger, "192.0.2.1", 1), incident(ledger, "192.0.2.2", 2), incident(ledger, "192.0.2.1", 3)
	older.Reported = older.Reported.Add(-time.Minute)
	older.Expires = older.Expires.Add(-time.Minute)
	theirs.Reporter = 8
	receipts(t, ledger, older, mine, theirs)

	describe := func(what string, found []scoring.Entry, want ...scoring.Incident) {
		t.Helper()
		keys := make([]scoring.Key, len(found))
		for i, entry := range found {
			keys[i] = entry.Key()
		}
		entries, err := ledger.Details(t.Context(), keys)
		if err != nil {
			t.Fatalf("reading the details of %s: %v", what, err)
		}
		all := make([]scoring.Entry, len(want))
		for i, in := range want {
			all[i] = scoring.Entry{Incident: in}
		}
		same(t, what, all, entries)
	}
	describe("the address", b.Incidents(theirs.Prefix), theirs, older)
	recent, _ := b.Recent(scoring.Filter{Reporter: mine.Reporter}, scoring.Cursor{}, 10)
	describe("the reporter", recent, mine, older)
	recent, next := b.Recent(scoring.Filter{}, scoring.Cursor{}, 2)
	slices.SortFunc(recent, func(a, b scoring.Entry) int { return compareKeys(a.Key(), b.Key()) })
	describe("the two most recent", recent, theirs, mine)
	recent, _ = b.Recent(scoring.Filter{}, next, 2)
	describe("the page after", recent, older)
}

// tellVerdict is the main job: three strikes list, a withdrawal delists, and a
// restart changes neither.
func tellVerdict(t *testing.T, backend Backend) {
	ledger := open(t, backend)
	b, unfollow := followBoard(t, ledger)
	strikes := make([]scoring.Incident, 3)
	for i := range strikes {
		strikes[i] = incident(ledger, "2001:db8::1", scoring.ID(i))
		strikes[i].Addr = strikes[i].Addr.Next() // another host of the same /64
	}
	want := func(listed bool, when string) {
		t.Helper()
		got := b.Verdict(strikes[0].Addr, 0, ledger.Now())
		if got.Listed != listed {
			t.Fatalf("%s: listed is %t, want %t", when, got.Listed, listed)
		}
		if listed && !got.Until.Equal(strikes[0].Expires) {
			t.Fatalf("%s: listed until %s, want %s", when, got.Until, strikes[0].Expires)
		}
	}
	for i, in := range strikes {
		in.Expires = strikes[0].Expires.Add(time.Duration(i) * time.Hour)
		receipts(t, ledger, in)
		want(i == 2, fmt.Sprintf("after strike %d", i+1))
	}
	restart := func() {
		t.Helper()
		unfollow()
		closeLedger(t, ledger)
		ledger = open(t, backend)
		b, unfollow = followBoard(t, ledger)
	}
	restart()
	want(true, "after a restart")

	withdrawn := amendment(strikes[1], 1)
	withdrawn.Withdrawn = true
	amend(t, ledger, withdrawn)
	want(false, "after the withdrawal")
	restart()
	want(false, "after the withdrawal and a restart")
	unfollow()
	closeLedger(t, ledger)
}
