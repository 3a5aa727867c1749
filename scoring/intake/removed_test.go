package intake_test

import (
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring/intake"
)

// removals are addresses that were taken off.
type removals map[netip.Prefix]time.Time

func (r removals) Removed(prefix netip.Prefix) (time.Time, bool) {
	at, ok := r[prefix]
	return at, ok
}

// What happened before an address was taken off is not counted when it is
// reported late; what happened since is, and so is what others did.
func TestIntake_Submit_removed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var err error
	h.Intake, err = intake.New(intake.Config{
		Ledger: ledger{h}, Board: h, Policies: h, Own: intake.Own(),
		Removals: removals{netip.MustParsePrefix("203.0.113.7/32"): noon.Add(-time.Hour)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ip, observed string
		want         intake.Status
	}{
		"long before":            {"203.0.113.7", "2026-11-21T12:00:00Z", intake.Ignored},
		"in the very second":     {"203.0.113.7", "2026-11-22T11:00:00Z", intake.Ignored},
		"a second later":         {"203.0.113.7", "2026-11-22T11:00:01Z", intake.Recorded},
		"now":                    {"203.0.113.7", "", intake.Recorded},
		"the neighbour, earlier": {"203.0.113.8", "2026-11-21T12:00:00Z", intake.Recorded},
	} {
		got := h.submit(t, intake.Report{IP: test.ip, Kind: "ssh.maxauth", Observed: test.observed})
		if got.Status != test.want {
			t.Errorf("%s: %s (%s), want %s", name, got.Status, got.Ignored, test.want)
		}
	}
	got := h.submit(t, intake.Report{IP: "203.0.113.7", Kind: "ssh.maxauth", Observed: "2026-11-22T10:00:00Z"})
	if want := "observed at 2026-11-22T10:00:00Z, and 203.0.113.7/32 was taken off the lists at 2026-11-22T11:00:00Z"; got.Ignored != want {
		t.Errorf("ignored because %q, want %q", got.Ignored, want)
	}
}
