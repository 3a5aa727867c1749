package ledgertest

import (
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
)

// secret is in the notes that are to be gone.
const secret = "marker-7c1d4f"

// noted returns an incident with a note that is to be gone.
func noted(n Ledger, addr string, id scoring.ID) scoring.Incident {
	in := incident(n, addr, id)
	in.Note = "user " + secret
	return in
}

// bare returns an entry as it is without what people could read of it.
func bare(in scoring.Incident, a *scoring.Amendment) scoring.Entry {
	in.Detail = scoring.Detail{}
	if a != nil {
		without := *a
		without.Note = nil
		a = &without
	}
	return scoring.Entry{Incident: in, Amendment: a}
}

// wantNowhere checks that no file of the backend has the secret in it.
func wantNowhere(t *testing.T, backend Backend) {
	t.Helper()
	if backend.Holds == nil {
		return
	}
	eventually(t, "no file holds the note any more", func() bool { return !backend.Holds(t, secret) })
}

// wantSomewhere checks that the search for the secret finds it while it is there.
func wantSomewhere(t *testing.T, backend Backend) {
	t.Helper()
	if backend.Holds != nil && !backend.Holds(t, secret) {
		t.Fatal("the files do not hold the note that was just written; the search for it is blind")
	}
}

func erase(t *testing.T, ledger Ledger, prefix string, keepPoints bool) int {
	t.Helper()
	erased, err := ledger.Erase(t.Context(), scoring.Erasure{Prefix: netip.MustParsePrefix(prefix), KeepPoints: keepPoints})
	if err != nil {
		t.Fatalf("erasing %s: %v", prefix, err)
	}
	return erased.Incidents
}

func tellForgetDetails(t *testing.T, backend Backend) {
	n := start(t, backend)
	now := n.Now().Truncate(time.Second)
	old, amended, young := noted(n, "192.0.2.1", 1), noted(n, "2001:db8::2", 2), incident(n, "192.0.2.1", 3)
	old.Reported, amended.Reported = now.Add(-2*time.Hour), now.Add(-2*time.Hour)
	record(t, n, old, amended, young)
	a, note := amendment(amended, 1), secret
	a.Note, a.At = &note, now.Add(-2*time.Hour)
	amend(t, n, a)
	wantSomewhere(t, backend)

	if got, err := n.ForgetDetails(t.Context(), now.Add(-3*time.Hour)); err != nil || got != 0 {
		t.Fatalf("nothing is that old, yet %d were forgotten, %v", got, err)
	}
	wantDetails(t, n, scoring.Entry{Incident: old}, scoring.Entry{Incident: amended, Amendment: &a})
	if got, err := n.ForgetDetails(t.Context(), now.Add(-time.Hour)); err != nil || got == 0 {
		t.Fatalf("forgetting details: %d, %v", got, err)
	}
	check := func(n *node) {
		t.Helper()
		wantDetails(t, n, bare(old, nil), bare(amended, &a), scoring.Entry{Incident: young})
		wantCounting(t, n, old, amended, young)
	}
	check(n)
	if got, err := n.ForgetDetails(t.Context(), now.Add(-time.Hour)); err != nil || got != 0 {
		t.Errorf("forgotten again: %d, %v, want none", got, err)
	}
	// The log is read again: a duplicate, and its note does not come back.
	if got := receipts(t, n, old)[0]; got.Err != nil || got.Outcome != scoring.Duplicate {
		t.Errorf("the same report again: %+v, want a duplicate", got)
	}
	n = n.restart(t, backend)
	check(n)
}

func tellErase(t *testing.T, backend Backend) {
	n := start(t, backend)
	gone, amended, stays := noted(n, "192.0.2.1", 1), noted(n, "192.0.2.1", 2), incident(n, "192.0.2.2", 1)
	record(t, n, gone, amended, stays)
	a, note := amendment(amended, 1), "again "+secret
	a.Note = &note
	amend(t, n, a)
	wantSomewhere(t, backend)

	if got := erase(t, n, "192.0.2.1/32", false); got != 2 {
		t.Errorf("erased %d incidents, want 2", got)
	}
	check := func(n *node) {
		t.Helper()
		wantCounting(t, n, stays)
		for _, in := range []scoring.Incident{gone, amended} {
			if entry := details(t, n, in)[0]; entry.Prefix.IsValid() {
				t.Errorf("erased, yet still there: %+v", entry)
			}
		}
		same(t, "dump", []scoring.Entry{{Incident: stays}}, dump(t, n))
	}
	check(n)
	if got := erase(t, n, "192.0.2.1/32", false); got != 0 {
		t.Errorf("erased again: %d incidents, want none", got)
	}
	wantNowhere(t, backend)
	n = n.restart(t, backend)
	check(n)
	wantNowhere(t, backend)

	// What is gone is forgotten: the same report is a new one, unamended.
	again := gone
	again.Note = ""
	record(t, n, again)
	wantDetails(t, n, scoring.Entry{Incident: again})
}

func tellEraseRange(t *testing.T, backend Backend) {
	n := start(t, backend)
	var within, beside []scoring.Incident
	for i := range scoring.ID(700) { // more than one transaction takes
		within = append(within, noted(n, "198.51.100.7", i))
	}
	within = append(within, noted(n, "198.51.100.0", 1), noted(n, "198.51.100.255", 1))
	beside = append(beside, incident(n, "198.51.99.255", 1), incident(n, "198.51.101.0", 1), incident(n, "2001:db8::1", 1))
	record(t, n, append(within, beside...)...)
	if got := erase(t, n, "198.51.100.0/24", false); got != len(within) {
		t.Errorf("erased %d incidents, want %d", got, len(within))
	}
	wantCounting(t, n, beside...)
	wantNowhere(t, backend)

	v6 := noted(n, "2001:db8:1::1", 1)
	record(t, n, v6)
	if got := erase(t, n, "2001:db8:1::/48", false); got != 1 {
		t.Errorf("erased %d incidents of a /48, want 1", got)
	}
	wantCounting(t, n, beside...)
	wantNowhere(t, backend)
}

func tellEraseDetails(t *testing.T, backend Backend) {
	n := start(t, backend)
	plain, amended, beside := noted(n, "2001:db8::1", 1), noted(n, "2001:db8::2", 2), incident(n, "192.0.2.2", 1)
	record(t, n, plain, amended, beside)
	a, note := amendment(amended, 1), "again "+secret
	a.Note, a.Points = &note, 1
	amend(t, n, a)
	erase(t, n, "2001:db8::/64", true)
	wantDetails(t, n, bare(plain, nil), bare(amended, &a), scoring.Entry{Incident: beside})
	effective, _ := scoring.Entry{Incident: amended, Amendment: &a}.Effective()
	wantCounting(t, n, plain, effective, beside)
	wantNowhere(t, backend)
	if got := receipts(t, n, plain)[0]; got.Err != nil || got.Outcome != scoring.Duplicate {
		t.Errorf("the same report again: %+v, want a duplicate", got)
	}
	next := amendment(amended, 2)
	amend(t, n, next)
	wantDetails(t, n, bare(amended, &next))
}

// tellEraseRecords: what a control record said that was deleted, and an event of
// the audit, is in no file once something was erased; unless the files are left
// to a call that follows.
func tellEraseRecords(t *testing.T, backend Backend) {
	n := start(t, backend)
	put(t, n, scoring.ControlRecord{Key: "private/removal/192.0.2.1/32", Version: 1, Value: []byte(`{"message":"` + secret + `"}`)})
	event := scoring.AuditEvent{Who: "admin", Action: "add", Object: "exempt/192.0.2.1/32", Reason: secret}
	if err := n.AddAudit(t.Context(), event); err != nil {
		t.Fatalf("adding to the audit: %v", err)
	}
	put(t, n, scoring.ControlRecord{Key: "private/removal/192.0.2.1/32", Version: 2})
	prefix := netip.MustParsePrefix("192.0.2.1/32")
	if _, err := n.EraseAudit(t.Context(), prefix); err != nil {
		t.Fatalf("erasing from the audit: %v", err)
	}
	if _, err := n.Erase(t.Context(), scoring.Erasure{Prefix: prefix, FilesLater: true}); err != nil {
		t.Fatalf("erasing: %v", err)
	}
	wantSomewhere(t, backend)
	erase(t, n, "192.0.2.1/32", false)
	wantNowhere(t, backend)
	kept := scoring.ControlRecord{Key: "policy", Version: 1, Value: []byte(`{}`)}
	put(t, n, kept)
	wantControl(t, n, kept)
}

// tellEraseNodes erases on one node what another has on its scoreboard, also
// when that one had not yet heard of all of it.
func tellEraseNodes(t *testing.T, backend Backend) {
	one, two := start(t, backend), start(t, backend)
	gone, stays := noted(one, "192.0.2.1", 1), incident(one, "192.0.2.2", 1)
	record(t, one, gone, stays)
	erase(t, one, "192.0.2.1/32", false)
	for _, n := range []*node{one, two} {
		eventually(t, "every node has forgotten it", func() bool {
			counting := n.sink.Counting(n.Now())
			_, still := counting[gone.Key()]
			return !still && len(counting) == 1
		})
	}
	more := incident(two, "192.0.2.1", 5)
	record(t, two, more)
	for _, n := range []*node{one, two} {
		eventually(t, "both hear of what comes after", func() bool { return len(n.sink.Counting(n.Now())) == 2 })
	}
}
