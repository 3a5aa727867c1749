package ledgertest

import (
	"cmp"
	"net/netip"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"penaltybox/scoring"
)

// incident returns an ordinary live incident about an address.
func incident(ledger Ledger, addr string, id scoring.ID) scoring.Incident {
	a := netip.MustParseAddr(addr)
	now := ledger.Now().Truncate(time.Second)
	return scoring.Incident{
		Prefix:   scoring.PrefixOf(a),
		ID:       id,
		Kind:     1,
		Points:   20,
		Reporter: 7,
		Reported: now,
		Expires:  now.Add(24 * time.Hour),
		Detail: scoring.Detail{
			Addr:     a,
			Observed: now.Add(-time.Minute),
			Note:     "maximum authentication attempts exceeded",
		},
	}
}

// amendment returns an overlay that repeats what the incident says.
func amendment(in scoring.Incident, version uint64) scoring.Amendment {
	return scoring.Amendment{
		Key:     in.Key(),
		Version: version,
		Kind:    in.Kind,
		Points:  in.Points,
		Expires: in.Expires,
		Reason:  "looked into it",
		By:      3,
		At:      in.Reported.Add(time.Second),
	}
}

// record records incidents and wants every one of them new and visible.
func record(t *testing.T, n *node, incidents ...scoring.Incident) {
	t.Helper()
	for i, receipt := range receipts(t, n, incidents...) {
		if receipt.Err != nil || receipt.Outcome != scoring.Recorded || !receipt.Visible {
			t.Fatalf("receipt %d of %d is %+v, want recorded and visible", i, len(incidents), receipt)
		}
	}
}

// receipts records incidents and returns the answers, one for each.
func receipts(t *testing.T, ledger Ledger, incidents ...scoring.Incident) []scoring.Receipt {
	t.Helper()
	answers, err := ledger.Record(t.Context(), incidents)
	if err != nil {
		t.Fatalf("recording %d incidents: %v", len(incidents), err)
	}
	if len(answers) != len(incidents) {
		t.Fatalf("recording %d incidents gave %d receipts", len(incidents), len(answers))
	}
	return answers
}

func amend(t *testing.T, ledger Ledger, amendment scoring.Amendment) {
	t.Helper()
	if err := ledger.Amend(t.Context(), amendment); err != nil {
		t.Fatalf("amending %s %s: %v", amendment.Prefix, amendment.ID, err)
	}
}

// details returns the entries of incidents, and wants none missing.
func details(t *testing.T, ledger Ledger, incidents ...scoring.Incident) []scoring.Entry {
	t.Helper()
	keys := make([]scoring.Key, len(incidents))
	for i, in := range incidents {
		keys[i] = in.Key()
	}
	entries, err := ledger.Details(t.Context(), keys)
	if err != nil {
		t.Fatalf("reading the details of %d incidents: %v", len(keys), err)
	}
	if len(entries) != len(keys) {
		t.Fatalf("asked for the details of %d incidents, got %d", len(keys), len(entries))
	}
	return entries
}

// wantDetails checks that the ledger holds exactly these entries.
func wantDetails(t *testing.T, ledger Ledger, want ...scoring.Entry) {
	t.Helper()
	incidents := make([]scoring.Incident, len(want))
	for i, entry := range want {
		incidents[i] = entry.Incident
	}
	same(t, "details", want, details(t, ledger, incidents...))
}

// wantCounting checks what the node's sink counts right now.
func wantCounting(t *testing.T, n *node, want ...scoring.Incident) {
	t.Helper()
	live := map[scoring.Key]scoring.Incident{}
	for _, in := range want {
		in.Detail = scoring.Detail{}
		live[in.Key()] = in
	}
	same(t, "counting incidents", live, n.sink.Counting(n.Now()))
}

// same compares by value; times compare as moments.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := diff(want, got); diff != "" {
		t.Fatalf("%s differ (-want +got):\n%s", what, diff)
	}
}

func diff(want, got any) string {
	return gocmp.Diff(want, got,
		gocmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		gocmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	)
}

func compareKeys(a, b scoring.Key) int {
	return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()), cmp.Compare(a.ID, b.ID))
}
