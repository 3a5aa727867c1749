package intake_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// at is a report of an event so long after (or before) noon.
func at(kind string, after time.Duration) intake.Report {
	return intake.Report{IP: "203.0.113.7", Kind: kind, Observed: noon.Add(after).Format(time.RFC3339)}
}

// points adds what counts against an address.
func (h *house) points(addr string) int {
	sum := 0
	for _, entry := range h.entries {
		if incident, counts := entry.Effective(); counts && incident.Addr.String() == addr {
			sum += int(incident.Points)
		}
	}
	return sum
}

// Without a window three equal reports are three incidents; with one the first
// counts, and the others name it. Another category counts by itself, and what
// is heavier counts the rest.
func TestSubmit_duplicateWindow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		window  string
		reports []intake.Report
		want    string // the statuses, in short
		points  int
	}{
		{"off", []intake.Report{good(nil), good(nil), good(nil)}, "r r r", 60},
		{"15m", []intake.Report{good(nil), good(nil), good(nil)}, "r d d", 20},
		{"15m", []intake.Report{at("ssh.maxauth", -14*time.Minute), good(nil)}, "r d", 20},
		{"15m", []intake.Report{at("ssh.maxauth", -15*time.Minute), good(nil)}, "r r", 40},
		{"15m", []intake.Report{good(nil), at("ssh.maxauth", -14*time.Minute), at("ssh.maxauth", -28*time.Minute)}, "r d r", 40},
		{"15m", []intake.Report{good(nil), at("web.probe", 0), at("web.probe", -time.Minute)}, "r r d", 30},
		{"15m", []intake.Report{at("ssh.penalty", 0), at("ssh.maxauth", 0), at("ssh.penalty", 0)}, "r r d", 20},
		{"15m", []intake.Report{good(func(r *intake.Report) { r.ID = "a" }), good(func(r *intake.Report) { r.ID = "b" })}, "r d", 20},
		{"15m", []intake.Report{good(func(r *intake.Report) { r.Points = "5" }), good(nil), good(func(r *intake.Report) { r.Points = "3" })}, "r r d", 20},
		{"15m", []intake.Report{good(nil), good(func(r *intake.Report) { r.IP = "203.0.113.8" })}, "r r", 20},
	} {
		for _, together := range []bool{true, false} {
			h := newHouse(t)
			h.set(t, "duplicate_window="+c.window)
			var results []intake.Result
			if together {
				results = h.Submit(t.Context(), noon, caller(control.RoleReporter), "", c.reports)
			} else {
				for _, report := range c.reports {
					results = append(results, h.submit(t, report))
				}
			}
			var got []string
			// Of several that count in one second, the heaviest is named.
			named := map[scoring.KindNumber]scoring.Incident{}
			for _, result := range results {
				got = append(got, string(result.Status[0]))
				first := named[result.Incident.Kind]
				switch {
				case result.Status == intake.Duplicate && result.Incident.ID != first.ID && result.Incident.ID != results[0].Incident.ID:
					t.Errorf("%+v: a duplicate names %s, not %s", c, result.Incident.ID, first.ID)
				case result.Status == intake.Recorded && result.Incident.Points > first.Points:
					named[result.Incident.Kind] = result.Incident
				}
			}
			if strings.Join(got, " ") != c.want || h.points("203.0.113.7") != c.points {
				t.Errorf("%s, together %t: %v, %d points; want %s and %d", c.window, together, got, h.points("203.0.113.7"), c.want, c.points)
			}
		}
	}
}

// set changes the policy.
func (h *house) set(t testing.TB, settings ...string) {
	t.Helper()
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		var err error
		if h.policy, err = h.policy.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

// Another reporter's word counts beside.
func TestSubmit_duplicateWindow_isOfOneReporter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "duplicate_window=15m")
	h.submit(t, good(nil))
	other := caller(control.RoleReporter)
	other.Reporter, other.Number, other.KeyID = "web2", 3, "bcdefghi"
	if result := h.Submit(t.Context(), noon, other, "", []intake.Report{good(nil)})[0]; result.Status != intake.Recorded {
		t.Errorf("%+v", result)
	}
}

// What came by clients that report an event several times counts once whatever
// the category; the policy's window, which is longer, holds beside it.
func TestOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "duplicate_window=1h")
	once := h.Once(15 * time.Minute)
	for _, c := range []struct {
		report intake.Report
		want   intake.Status
		points int
	}{
		{at("ssh.maxauth", -40*time.Minute), intake.Recorded, 20},
		{at("web.probe", -40*time.Minute), intake.Duplicate, 20},
		{at("web.exploit", -40*time.Minute), intake.Recorded, 30},
		{at("web.probe", -20*time.Minute), intake.Duplicate, 30}, // the category's hour
		{at("ssh.maxauth", 0), intake.Duplicate, 30},
		{at("mail.relay", 0), intake.Recorded, 50},
	} {
		result := once.Submit(t.Context(), noon, caller(control.RoleReporter), "", []intake.Report{c.report})[0]
		if result.Status != c.want || h.points("203.0.113.7") != c.points {
			t.Errorf("%s at %s: %s, %d points; want %s and %d", c.report.Kind, c.report.Observed, result.Status, h.points("203.0.113.7"), c.want, c.points)
		}
	}
}

// A duplicate of a row that could not be stored is not stored either: sent
// again, it counts.
func TestSubmit_duplicateWindow_outage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "duplicate_window=15m")
	h.fault = scoring.ErrUnavailable
	both := []intake.Report{good(nil), good(nil)}
	for i, result := range h.Submit(t.Context(), noon, caller(control.RoleReporter), "", both) {
		if result.Status != intake.Unavailable {
			t.Errorf("row %d in the outage: %s", i, result.Status)
		}
	}
	h.fault = nil
	h.Submit(t.Context(), noon, caller(control.RoleReporter), "", both)
	if got := h.points("203.0.113.7"); got != 20 {
		t.Errorf("%d points after it", got)
	}
}

// Reports that race each other count once. The house is no ledger for many at
// once, so the intake must keep them in a row; the race detector tells if not.
func TestSubmit_duplicateWindow_race(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "duplicate_window=15m")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { h.submit(t, good(nil)) })
	}
	all.Wait()
	if got := h.points("203.0.113.7"); got != 20 {
		t.Errorf("%d points", got)
	}
}

// Two nodes at the very same moment give equal reports one id, so that the
// ledger counts them once.
func TestSubmit_duplicateWindow_twoNodes(t *testing.T) {
	t.Parallel()
	here, there := newHouse(t), newHouse(t)
	for _, h := range []*house{here, there} {
		h.set(t, "duplicate_window=15m")
	}
	one := here.submit(t, good(func(r *intake.Report) { r.Note = "seen here" }))
	other := there.submit(t, good(func(r *intake.Report) { r.Note = "and there" }))
	if one.Incident.Key() != other.Incident.Key() || !one.Incident.SameContent(other.Incident) {
		t.Errorf("%v and %v", one.Incident, other.Incident)
	}
}

// A dry run tells what counts once, and the next report finds nothing changed.
func TestDryRun_duplicateWindow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.set(t, "duplicate_window=15m")
	dry := h.DryRun(t.Context(), noon, caller(control.RoleReporter), "", []intake.Report{good(nil), good(nil)})
	if dry[0].Status != intake.Recorded || dry[1].Status != intake.Duplicate {
		t.Errorf("%s, %s", dry[0].Status, dry[1].Status)
	}
	if result := h.submit(t, good(nil)); result.Status != intake.Recorded {
		t.Errorf("then: %s", result.Status)
	}
}
