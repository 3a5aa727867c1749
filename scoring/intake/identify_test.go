package intake_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// idOf returns the id that a report gets from a reporter.
func idOf(t *testing.T, reporter string, report intake.Report) scoring.ID {
	t.Helper()
	who := caller(control.RoleReporter)
	who.Reporter = reporter
	result := newHouse(t).Submit(t.Context(), noon, who, "", []intake.Report{report})[0]
	if result.Status != intake.Recorded {
		t.Fatalf("%+v: %s (%v)", report, result.Status, result.Refusal)
	}
	return result.Incident.ID
}

// What the id hangs on: the reporter's own id decides alone; without it, with
// the time of the event, what happened; without both, nothing.
func TestIdentify(t *testing.T) {
	t.Parallel()
	given := good(func(r *intake.Report) { r.ID = "ticket-17" })
	seen := good(func(r *intake.Report) { r.Observed, r.Note = "2026-11-22T11:00:00Z", "root" })
	with := func(report intake.Report, change func(*intake.Report)) intake.Report {
		change(&report)
		return report
	}
	tests := []struct {
		name      string
		a, b      intake.Report
		sameByOne bool // when one reporter sends both
	}{
		{"given id twice", given, given, true},
		{"given id, other kind", given, with(given, func(r *intake.Report) { r.Kind = "web.probe" }), true},
		{"given id, other note and time", given, with(given, func(r *intake.Report) { r.Note, r.Observed = "x", "2026-11-22T11:00:00Z" }), true},
		{"other given id", given, with(given, func(r *intake.Report) { r.ID = "ticket-18" }), false},
		{"given id that reads like an event", given, with(seen, func(r *intake.Report) { r.ID = "event" }), false},
		{"event twice", seen, seen, true},
		{"event, time written otherwise", seen, with(seen, func(r *intake.Report) { r.Observed = "2026-11-22T12:00:00.5+01:00" }), true},
		{"event, address written otherwise", seen, with(seen, func(r *intake.Report) { r.IP = "::ffff:203.0.113.7" }), true},
		{"event, kind by category", seen, with(seen, func(r *intake.Report) { r.Kind, r.Category = "", "ssh" }), true},
		{"event, other ttl", seen, with(seen, func(r *intake.Report) { r.TTL = "1d" }), true},
		{"event, other time", seen, with(seen, func(r *intake.Report) { r.Observed = "2026-11-22T11:00:01Z" }), false},
		{"event, other kind", seen, with(seen, func(r *intake.Report) { r.Kind = "ssh.bruteforce" }), false},
		{"event, other note", seen, with(seen, func(r *intake.Report) { r.Note = "admin" }), false},
		{"event, other points", seen, with(seen, func(r *intake.Report) { r.Points = "1" }), false},
		{"neither", good(nil), good(nil), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, b := idOf(t, "web1", test.a), idOf(t, "web1", test.b)
			if (a == b) != test.sameByOne {
				t.Errorf("ids %s and %s, want the same: %t", a, b, test.sameByOne)
			}
			if other := idOf(t, "web2", test.b); other == a {
				t.Errorf("another reporter's report got the same id %s", a)
			}
		})
	}
}

// Two addresses of one IPv6 /64 are scored together; the same event at both is
// two events.
func TestIdentify_sameNetwork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, ip := range []string{"2001:db8::1", "2001:db8::2"} {
		if got := h.submit(t, intake.Report{IP: ip, Kind: "ssh", Observed: "2026-11-22T11:00:00Z"}); got.Status != intake.Recorded {
			t.Errorf("%s: %s, want recorded", ip, got.Status)
		}
	}
}

// Three equal curls within one second are three incidents.
func TestIdentify_random(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 3 {
		if got := h.submit(t, good(nil)); got.Status != intake.Recorded {
			t.Errorf("%s, want recorded", got.Status)
		}
	}
	if len(h.entries) != 3 {
		t.Errorf("%d incidents, want 3", len(h.entries))
	}
}

// A request sent again with its idempotency key counts once, row by row, also
// at another second; own ids of rows go before it.
func TestIntake_Submit_idempotencyKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	named := good(func(r *intake.Report) { r.ID = "ticket-17" })
	rows := []intake.Report{good(nil), good(nil), named}
	statuses := func(key string, after time.Duration) string {
		var all []intake.Status
		for _, result := range h.Submit(t.Context(), noon.Add(after), caller(control.RoleReporter), key, rows) {
			all = append(all, result.Status)
		}
		return fmt.Sprint(all)
	}
	for i, step := range []struct{ key, want string }{
		{"request-1", "[recorded recorded recorded]"},
		{"request-1", "[duplicate duplicate duplicate]"},
		{"request-2", "[recorded recorded duplicate]"},
		{"", "[recorded recorded duplicate]"},
		{"", "[recorded recorded duplicate]"},
	} {
		if got := statuses(step.key, time.Duration(i)*time.Hour); got != step.want {
			t.Errorf("step %d with key %q: %s, want %s", i+1, step.key, got, step.want)
		}
	}
	rows[0].Kind = "web.probe"
	if got := h.Submit(t.Context(), noon, caller(control.RoleReporter), "request-1", rows)[0]; got.Refusal == nil || got.Refusal.Code != intake.Conflict || got.Refusal.Value != "request-1/0" {
		t.Errorf("other content under the same key: %s %+v, want a conflict", got.Status, got.Refusal)
	}
}

// Whatever the parts, no two different reports of a reporter run together into
// one id, and no order of rows changes an id.
func TestIdentify_anyReport(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[a-z"/:|,0-9]{0,6}`)
		draw := func(label string) intake.Report {
			report := good(nil)
			report.ID, report.Note = text.Draw(rt, label+" id"), text.Draw(rt, label+" note")
			report.Observed = fmt.Sprintf("2026-11-22T11:00:0%dZ", rapid.IntRange(0, 9).Draw(rt, label+" second"))
			return report
		}
		a, b := draw("a"), draw("b")
		same := a.ID == b.ID && (a.ID != "" || a == b)
		who := caller(control.RoleReporter)
		forth := newHouse(t).Submit(t.Context(), noon, who, "", []intake.Report{a, b})
		back := newHouse(t).Submit(t.Context(), noon, who, "", []intake.Report{b, a})
		if got := forth[0].Incident.ID == forth[1].Incident.ID; got != same {
			rt.Fatalf("%+v and %+v have one id: %t, want %t", a, b, got, same)
		}
		if forth[0].Incident.ID != back[1].Incident.ID {
			rt.Fatalf("%+v has id %s before, %s behind %+v", a, forth[0].Incident.ID, back[1].Incident.ID, b)
		}
	})
}
