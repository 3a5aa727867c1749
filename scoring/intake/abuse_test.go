package intake_test

import (
	"fmt"
	"testing"
	"time"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// A reporter lies about a whole /16: it lists what its quota of a day lets it,
// and its key is paused at the burst, whichever comes first.
func TestAbuse_liesAboutANetwork(t *testing.T) {
	t.Parallel()
	for setting, most := range map[string]int{"listings_per_day=20": 20, "burst_listings=50": 50, "addresses_per_hour=100": 100} {
		h := newHouse(t)
		h.set(t, setting)
		for start := 0; start < 4000; start += 500 {
			h.at(t, time.Duration(start)*time.Millisecond, many(start, 500, "hacked.host"))
		}
		if len(h.entries) != most {
			t.Errorf("%s: %d incidents stand", setting, len(h.entries))
		}
	}
}

// What is sent again counts once, by its idempotency key, its id or its time, a
// week later as well.
func TestAbuse_replays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bodies := map[string][]intake.Report{
		"one body": many(0, 10, "ssh.maxauth"),
		"":         {{IP: "203.0.113.7", Kind: "ssh.maxauth", ID: "ban 1"}, {IP: "203.0.113.7", Kind: "ssh.maxauth", Observed: noon.Add(-time.Hour).Format(time.RFC3339)}},
	}
	for range 3 {
		for key, body := range bodies {
			for _, after := range []time.Duration{0, time.Second, 7 * 24 * time.Hour} {
				h.Submit(t.Context(), noon.Add(after), caller(control.RoleReporter), key, body)
			}
		}
	}
	if len(h.entries) != 12 {
		t.Errorf("%d incidents stand, of 12 that happened", len(h.entries))
	}
}

// A reporter whose clock is off by days: what it says lies ahead is refused with
// a word about the clock, what lies so far back that it is over counts nothing.
func TestAbuse_clockOffByDays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		off    time.Duration
		status intake.Status
	}{
		{-400 * 24 * time.Hour, intake.Ignored},
		{-31 * 24 * time.Hour, intake.Ignored},
		{-2 * 24 * time.Hour, intake.Recorded},
		{4 * time.Minute, intake.Recorded},
		{6 * time.Minute, intake.Refused},
		{3 * 24 * time.Hour, intake.Refused},
		{20 * 365 * 24 * time.Hour, intake.Refused},
	} {
		report := intake.Report{IP: "203.0.113.7", Kind: "ssh.maxauth", Observed: noon.Add(c.off).Format(time.RFC3339)}
		result := h.submit(t, report)
		if result.Status != c.status {
			t.Errorf("a clock off by %s: %s %v %s", c.off, result.Status, result.Refusal, result.Ignored)
		}
		if told := fmt.Sprint(result.Ignored, result.Refusal); result.Status != intake.Recorded && len(told) < 20 {
			t.Errorf("a clock off by %s: nothing says so: %s", c.off, told)
		}
	}
}
