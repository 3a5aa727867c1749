package intake_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// many returns reports of as many addresses, from the first on.
func many(first, count int, kind string) []intake.Report {
	var reports []intake.Report
	for i := range count {
		reports = append(reports, intake.Report{IP: fmt.Sprintf("198.18.%d.%d", (first+i)>>8, (first+i)&255), Kind: kind})
	}
	return reports
}

// tallied counts results by status, and refusals by their guard.
func tallied(results []intake.Result) map[string]int {
	counts := map[string]int{}
	for _, result := range results {
		name := string(result.Status)
		if result.Refusal != nil {
			name = result.Refusal.Guard
		}
		counts[name]++
	}
	return counts
}

// at submits reports as a moderator so long after noon: its reports of hacked
// hosts list at once.
func (h *house) at(t *testing.T, after time.Duration, reports []intake.Report) []intake.Result {
	t.Helper()
	return h.Submit(t.Context(), noon.Add(after), caller(control.RoleModerator), "", reports)
}

func TestSubmit_quotas(t *testing.T) {
	t.Parallel()
	type step struct {
		after   time.Duration
		reports []intake.Report
		want    map[string]int
		retry   time.Duration // of the last that was refused
	}
	for setting, steps := range map[string][]step{
		"reports_per_minute=10": {
			{0, many(0, 12, "ssh.maxauth"), map[string]int{"recorded": 10, "reports_per_minute": 2}, 6 * time.Second},
			{6 * time.Second, many(0, 2, "ssh.maxauth"), map[string]int{"recorded": 1, "reports_per_minute": 1}, 6 * time.Second},
			{5 * time.Minute, many(0, 10, "ssh.maxauth"), map[string]int{"recorded": 10}, 0},
		},
		"addresses_per_hour=10": {
			{0, many(0, 8, "ssh.maxauth"), map[string]int{"recorded": 8}, 0},
			{50 * time.Minute, many(6, 6, "ssh.maxauth"), map[string]int{"recorded": 4, "addresses_per_hour": 2}, 10 * time.Minute},
			{59 * time.Minute, many(0, 10, "ssh.maxauth"), map[string]int{"recorded": 10}, 0}, // known ones
			{time.Hour, many(10, 8, "ssh.maxauth"), map[string]int{"recorded": 8}, 0},
			{time.Hour, many(18, 1, "ssh.maxauth"), map[string]int{"addresses_per_hour": 1}, 15 * time.Minute},
		},
		"listings_per_day=10": {
			{0, many(0, 12, "ssh.maxauth"), map[string]int{"recorded": 12}, 0}, // list nobody
			{0, many(0, 12, "hacked.host"), map[string]int{"recorded": 10, "listings_per_day": 2}, 15 * time.Minute},
			{time.Hour, many(0, 10, "ssh.maxauth"), map[string]int{"recorded": 10}, 0}, // listed already
			{24 * time.Hour, many(12, 3, "hacked.host"), map[string]int{"recorded": 3}, 0},
		},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			off, h := newHouse(t), newHouse(t)
			h.set(t, setting)
			for i, s := range steps {
				for _, result := range off.at(t, s.after, s.reports) {
					if result.Status != intake.Recorded {
						t.Errorf("step %d, guard off: %s", i, result.Status)
					}
				}
				results := h.at(t, s.after, s.reports)
				if got := tallied(results); fmt.Sprint(got) != fmt.Sprint(s.want) {
					t.Errorf("step %d: %v, want %v", i, got, s.want)
				}
				for _, result := range slices.Backward(results) {
					if result.Refusal != nil {
						if result.Refusal.Code != intake.OverQuota || result.Refusal.Retry != s.retry {
							t.Errorf("step %d: retry in %s, want %s: %v", i, result.Refusal.Retry, s.retry, result.Refusal)
						}
						break
					}
				}
			}
		})
	}
}

// Each key has a quota of its own, all sessions of a reporter have one together,
// and what is left of it is told.
func TestQuotas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if quotas := h.Quotas(noon, caller(control.RoleReporter)); quotas != nil {
		t.Errorf("none is set: %v", quotas)
	}
	h.set(t, "reports_per_minute=60", "addresses_per_hour=10", "listings_per_day=5")
	h.at(t, 0, many(0, 6, "hacked.host"))
	want := []intake.Quota{
		{"reports_per_minute", 60, time.Minute, 54, 6 * time.Second},
		{"addresses_per_hour", 10, time.Hour, 4, time.Hour},
		{"listings_per_day", 5, 24 * time.Hour, 0, 24 * time.Hour},
	}
	if got := h.Quotas(noon, caller(control.RoleModerator)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	other := caller(control.RoleModerator)
	other.KeyID = "bcdefghi"
	if got := tallied(h.Submit(t.Context(), noon, other, "", many(100, 5, "hacked.host"))); got["recorded"] != 5 {
		t.Errorf("another key: %v", got)
	}
	for session, want := range []string{"map[recorded:5]", "map[listings_per_day:5]"} {
		signedIn := caller(control.RoleModerator)
		signedIn.KeyID, signedIn.Session = fmt.Sprintf("session%d", session), true
		if got := fmt.Sprint(tallied(h.Submit(t.Context(), noon, signedIn, "", many(200+10*session, 5, "hacked.host")))); got != want {
			t.Errorf("session %d: %s, want %s", session, got, want)
		}
	}
}

// A quota does not remember what is erased.
func TestIntake_Forget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "addresses_per_hour=10")
	h.at(t, 0, many(0, 6, "hacked.host"))
	h.Forget(netip.MustParsePrefix("198.18.0.2/32"))
	h.Forget(netip.MustParsePrefix("203.0.113.0/24"))
	want := []intake.Quota{{"addresses_per_hour", 10, time.Hour, 5, time.Hour}}
	if got := h.Quotas(noon, caller(control.RoleModerator)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A flood pauses the key: what came before stays, what follows is refused, and
// a resumed key begins anew.
func TestSubmit_bursts(t *testing.T) {
	t.Parallel()
	for setting, kind := range map[string]string{"burst_addresses=10": "ssh.maxauth", "burst_listings=10": "hacked.host"} {
		h := newHouse(t)
		h.set(t, setting, "burst_window=10m", "pause=1h")
		if got := tallied(h.at(t, 0, many(0, 9, kind))); got["recorded"] != 9 {
			t.Errorf("%s: %v", setting, got)
		}
		if got := tallied(h.at(t, 10*time.Minute, many(9, 9, kind))); got["recorded"] != 9 {
			t.Errorf("%s: slowly, %v", setting, got)
		}
		flood := h.at(t, 11*time.Minute, many(18, 50, kind))
		if got := tallied(flood); got["recorded"] != 1 || got["paused"] != 49 {
			t.Errorf("%s: %v", setting, got)
		}
		key := h.keys["abcdefgh"]
		if !key.Paused.Until.Equal(noon.Add(71 * time.Minute)) {
			t.Errorf("%s: %+v", setting, key.Paused)
		}
		if last := flood[49].Refusal; last.Code != intake.OverQuota || last.Retry != 15*time.Minute {
			t.Errorf("%s: %+v", setting, last)
		}
		if got := tallied(h.at(t, 12*time.Minute, many(0, 1, kind))); got["paused"] != 1 {
			t.Errorf("%s: the next request: %v", setting, got)
		}
		if len(h.entries) != 19 {
			t.Errorf("%s: %d incidents stand", setting, len(h.entries))
		}
		h.keys["abcdefgh"] = control.Key{ID: "abcdefgh"} // resumed
		if got := tallied(h.at(t, 13*time.Minute, many(100, 9, kind))); got["recorded"] != 9 {
			t.Errorf("%s: resumed, %v", setting, got)
		}
	}
}

// Where the pause cannot be written down, this node refuses for as long as the
// burst lasts.
func TestSubmit_burst_thatCannotPause(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "burst_addresses=10")
	h.pauseFault = errors.New("no ledger")
	for _, after := range []time.Duration{0, time.Minute} {
		got := tallied(h.at(t, after, many(0, 20, "ssh.maxauth")))
		if got["burst_addresses"] < 10 {
			t.Errorf("after %s: %v", after, got)
		}
	}
	if got := tallied(h.at(t, 10*time.Minute, many(0, 9, "ssh.maxauth"))); got["recorded"] != 9 {
		t.Errorf("after the burst: %v", got)
	}
}

// One report at a time is a burst, too.
func TestSubmit_burst_oneByOne(t *testing.T) {
	t.Parallel()
	for setting, kind := range map[string]string{"burst_addresses": "ssh.maxauth", "burst_listings": "hacked.host"} {
		for _, fault := range []error{nil, errors.New("no ledger")} {
			h := newHouse(t)
			h.set(t, setting+"=10")
			h.pauseFault = fault
			for i := range 30 {
				h.at(t, time.Duration(i)*time.Second, many(i, 1, kind))
			}
			if len(h.entries) != 10 {
				t.Errorf("%s, pausing fails with %v: %d incidents stand", setting, fault, len(h.entries))
			}
		}
	}
}
