package ledgertest

import (
	"testing"
	"time"

	"penaltybox/scoring"
)

func tellPurge(t *testing.T, backend Backend) {
	n := start(t, backend)
	ending, lasting := incident(n, "192.0.2.1", 1), incident(n, "192.0.2.1", 2)
	extended, shortened := incident(n, "192.0.2.2", 3), incident(n, "192.0.2.3", 4)
	end := n.Now().Truncate(time.Second).Add(time.Hour)
	ending.Expires, extended.Expires = end, end
	record(t, n, ending, lasting, extended, shortened)
	longer, shorter := amendment(extended, 1), amendment(shortened, 1)
	longer.Expires, shorter.Expires = lasting.Expires, end
	amend(t, n, longer)
	amend(t, n, shorter)

	purge := func(now time.Time, want int) {
		t.Helper()
		if got, err := n.Purge(t.Context(), now); err != nil || got != want {
			t.Fatalf("purging %s after the end: %d, %v, want %d", now.Sub(end), got, err, want)
		}
	}
	kept := []scoring.Entry{
		{Incident: lasting},
		{Incident: extended, Amendment: &longer},
		{Incident: shortened, Amendment: &shorter}, // until its own end, lest a re-read log revives it
	}
	purge(end.Add(59*time.Minute), 0)
	wantDetails(t, n, append(kept, scoring.Entry{Incident: ending})...)
	purge(end.Add(61*time.Minute), 1)
	purge(end.Add(61*time.Minute), 0)

	check := func(t *testing.T, n *node) {
		t.Helper()
		wantDetails(t, n, kept...)
		if got := details(t, n, ending)[0]; got.Prefix.IsValid() {
			t.Errorf("purged, yet still there: %+v", got)
		}
		if got := len(dump(t, n)); got != len(kept) {
			t.Errorf("the dump has %d entries, want %d", got, len(kept))
		}
	}
	check(t, n)
	n = n.restart(t, backend)
	check(t, n)
	// What is gone is forgotten: the same report is a new one.
	record(t, n, ending)
}
