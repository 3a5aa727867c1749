package ledgertest

import (
	"net/netip"
	"testing"

	"penaltybox/scoring"
)

// rangeIncident returns an ordinary live incident about a range.
func rangeIncident(ledger Ledger, prefix string, id scoring.ID) scoring.Incident {
	in := incident(ledger, netip.MustParsePrefix(prefix).Addr().String(), id)
	in.Prefix = netip.MustParsePrefix(prefix)
	return in
}

// tellRanges keeps ranges apart from each other and from the addresses within,
// although they have the same first address and the same ids; lists by them, and
// delists when they are withdrawn, across restarts.
func tellRanges(t *testing.T, backend Backend) {
	ledger := open(t, backend)
	b, unfollow := followBoard(t, ledger)
	restart := func() {
		t.Helper()
		unfollow()
		closeLedger(t, ledger)
		ledger = open(t, backend)
		b, unfollow = followBoard(t, ledger)
	}
	all := []scoring.Incident{
		rangeIncident(ledger, "192.0.2.0/24", 1), rangeIncident(ledger, "192.0.2.0/25", 1), incident(ledger, "192.0.2.0", 1),
		rangeIncident(ledger, "2001:db8::/48", 1), rangeIncident(ledger, "2001:db8::/63", 1), incident(ledger, "2001:db8::", 1),
	}
	all[0].Points, all[3].Points = 50, 50
	for i, receipt := range receipts(t, ledger, all...) {
		if receipt != (scoring.Receipt{Outcome: scoring.Recorded, Visible: true}) {
			t.Fatalf("recording %s: %+v", all[i].Prefix, receipt)
		}
	}
	if again := receipts(t, ledger, all[0]); again[0].Outcome != scoring.Duplicate {
		t.Fatalf("recording %s again: %+v", all[0].Prefix, again[0])
	}
	entries := make([]scoring.Entry, len(all))
	for i, in := range all {
		entries[i] = scoring.Entry{Incident: in}
	}
	want := func(addr string, within string, when string) {
		t.Helper()
		got := b.Verdict(netip.MustParseAddr(addr), 0, ledger.Now())
		if got.Listed != (within != "") || got.Listed && got.Range.String() != within {
			t.Fatalf("%s: %s is %+v, want it listed by %q", when, addr, got, within)
		}
	}
	for _, when := range []string{"at once", "after a restart"} {
		wantDetails(t, ledger, entries...)
		for _, in := range all {
			if n := b.Count(in.Prefix); n != 1 {
				t.Fatalf("%s: %s has %d incidents, want 1", when, in.Prefix, n)
			}
		}
		want("192.0.2.200", "192.0.2.0/24", when)
		want("2001:db8:0:ff::7", "2001:db8::/48", when)
		want("192.0.3.0", "", when)
		restart()
	}
	for _, in := range []scoring.Incident{all[0], all[3]} {
		withdrawn := amendment(in, 1)
		withdrawn.Withdrawn = true
		amend(t, ledger, withdrawn)
	}
	want("192.0.2.200", "", "after the withdrawal")
	restart()
	want("192.0.2.200", "", "after the withdrawal and a restart")
	want("2001:db8:0:ff::7", "", "after the withdrawal and a restart")
	unfollow()
	closeLedger(t, ledger)
}
