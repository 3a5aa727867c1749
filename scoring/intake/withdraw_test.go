package intake_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// What others reported, decided or amended stays, and so does what is over.
func TestIntake_WithdrawOwn(t *testing.T) {
	t.Parallel()
	const web1, web2 = scoring.ReporterNumber(2), scoring.ReporterNumber(4)
	addr := netip.MustParseAddr("203.0.113.7")
	for _, role := range []control.Role{control.RoleReporter, control.RoleAdmin} {
		h := newHouse(t)
		put := func(id scoring.ID, addr netip.Addr, reporter scoring.ReporterNumber, expires time.Time, by scoring.ReporterNumber, withdrawn bool) {
			in := scoring.Incident{Prefix: scoring.PrefixOf(addr), ID: id, Kind: 1, Points: 20, Reporter: reporter, Reported: noon.Add(-time.Hour), Expires: expires}
			entry := scoring.Entry{Incident: in}
			if by != 0 {
				entry.Amendment = &scoring.Amendment{Key: in.Key(), Version: 1, Kind: 1, Points: 5, Expires: expires, By: by, Withdrawn: withdrawn}
			}
			h.entries[in.Key()] = entry
		}
		later := noon.Add(time.Hour)
		put(1, addr, web1, later, 0, false)
		put(2, addr, web1, later, web1, false) // own amendment
		put(3, addr, web2, later, 0, false)
		put(4, addr, web1, noon, 0, false)     // expired
		put(5, addr, web1, later, web2, false) // amended by another
		put(6, addr, web1, later, web1, true)  // withdrawn before
		put(7, addr, web1, later, 0, false)    // to be kept
		put(8, netip.MustParseAddr("203.0.113.8"), web1, later, 0, false)

		n, refusal, err := h.WithdrawOwn(t.Context(), noon, caller(role), addr, 7, "unbanned")
		if n != 2 || refusal != nil || err != nil {
			t.Fatalf("%s: WithdrawOwn: %d, %v, %v, want 2", role, n, refusal, err)
		}
		done := map[scoring.ID]bool{}
		for _, a := range h.amendments {
			done[a.Key.ID] = a.Withdrawn && a.Reason == "unbanned" && a.By == web1
		}
		if len(done) != 2 || !done[1] || !done[2] {
			t.Errorf("%s: the ledger was given %+v, want 1 and 2 withdrawn", role, h.amendments)
		}
		if n, _, _ := h.WithdrawOwn(t.Context(), noon, caller(role), addr, 7, "unbanned"); n != 0 {
			t.Errorf("%s: again: %d withdrawn, want none", role, n)
		}
	}
}

func TestIntake_WithdrawOwn_not(t *testing.T) {
	t.Parallel()
	h, key := reported(t)
	if n, refusal, err := h.WithdrawOwn(t.Context(), noon, caller(control.RoleReader), key.Prefix.Addr(), 0, "x"); n != 0 || refusal == nil || refusal.Code != intake.Forbidden || err != nil {
		t.Errorf("a reader: %d, %v, %v, want it forbidden", n, refusal, err)
	}
	h.fault = scoring.ErrUnavailable
	if n, refusal, err := h.WithdrawOwn(t.Context(), noon, caller(control.RoleReporter), key.Prefix.Addr(), 0, "x"); n != 0 || refusal != nil || !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("without a ledger: %d, %v, %v", n, refusal, err)
	}
}
