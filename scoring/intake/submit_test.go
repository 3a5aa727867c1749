package intake_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

func TestNew_incomplete(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	whole := intake.Config{Ledger: ledger{h}, Board: h, Policies: h, Own: intake.Own()}
	for name, without := range map[string]func(*intake.Config){
		"ledger":   func(c *intake.Config) { c.Ledger = nil },
		"board":    func(c *intake.Config) { c.Board = nil },
		"policies": func(c *intake.Config) { c.Policies = nil },
		"own":      func(c *intake.Config) { c.Own = nil },
	} {
		config := whole
		without(&config)
		if _, err := intake.New(config); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
	if _, err := intake.New(whole); err != nil {
		t.Errorf("with everything: %v", err)
	}
}

// What a report says, and what of it is left to the kind, the policy and the
// clock.
func TestIntake_Submit_recorded(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	plain := scoring.Incident{
		Prefix: netip.MustParsePrefix("203.0.113.7/32"), Kind: 1, Points: 20, Reporter: 2,
		Reported: noon, Expires: noon.Add(30 * day),
		Detail: scoring.Detail{Addr: netip.MustParseAddr("203.0.113.7"), Observed: noon},
	}
	tests := []struct {
		name   string
		report func(*intake.Report)
		want   func(*scoring.Incident)
	}{
		{"address and kind", func(*intake.Report) {}, func(*scoring.Incident) {}},
		{"blanks around the address", func(r *intake.Report) { r.IP = " 203.0.113.7\n" }, func(*scoring.Incident) {}},
		{"mapped", func(r *intake.Report) { r.IP = "::ffff:203.0.113.7" }, func(*scoring.Incident) {}},
		{"IPv6", func(r *intake.Report) { r.IP = "2001:db8::DEAD:beef" }, func(in *scoring.Incident) {
			in.Prefix, in.Addr = netip.MustParsePrefix("2001:db8::/64"), netip.MustParseAddr("2001:db8::dead:beef")
		}},
		{"category alone is its first kind", func(r *intake.Report) { r.Kind, r.Category = "", "ssh" }, func(*scoring.Incident) {}},
		{"category in the kind's place", func(r *intake.Report) { r.Kind = "ssh" }, func(*scoring.Incident) {}},
		{"both, agreeing", func(r *intake.Report) { r.Category = "ssh" }, func(*scoring.Incident) {}},
		{"soft kind", func(r *intake.Report) { r.Kind = "mail.auth" }, func(in *scoring.Incident) { in.Kind, in.Expires = 12, noon.Add(3*day) }},
		{"fewer points", func(r *intake.Report) { r.Points = "1" }, func(in *scoring.Incident) { in.Points = 1 }},
		{"the kind's points", func(r *intake.Report) { r.Points = "20" }, func(*scoring.Incident) {}},
		{"note", func(r *intake.Report) { r.Note = "root\r\nAccepted" }, func(in *scoring.Incident) { in.Note = "root  Accepted" }},
		{"observed", func(r *intake.Report) { r.Observed = "2026-11-22T10:00:00+01:00" }, func(in *scoring.Incident) {
			in.Observed, in.Expires = noon.Add(-3*time.Hour), noon.Add(30*day-3*time.Hour)
		}},
		{"observed in Unix seconds", func(r *intake.Report) { r.Observed = "1795348800" }, func(*scoring.Incident) {}},
		{"observed to the nanosecond", func(r *intake.Report) { r.Observed = "2026-11-22T12:00:00.999999999Z" }, func(*scoring.Incident) {}},
		{"observed a little ahead", func(r *intake.Report) { r.Observed = "2026-11-22T12:05:00Z" }, func(in *scoring.Incident) {
			in.Observed, in.Expires = noon.Add(5*time.Minute), noon.Add(30*day+5*time.Minute)
		}},
		{"ttl", func(r *intake.Report) { r.TTL = "3s" }, func(in *scoring.Incident) { in.Expires = noon.Add(3 * time.Second) }},
		{"ttl counts from observed", func(r *intake.Report) { r.TTL, r.Observed = "1d", "2026-11-22T02:00:00Z" }, func(in *scoring.Incident) {
			in.Observed, in.Expires = noon.Add(-10*time.Hour), noon.Add(14*time.Hour)
		}},
		{"ttl of years, of which most are over", func(r *intake.Report) { r.TTL, r.Observed = "1100d", "2023-11-23T12:00:00Z" }, func(in *scoring.Incident) {
			in.Observed = time.Date(2023, 11, 23, 12, 0, 0, 0, time.UTC)
			in.Expires = in.Observed.Add(1100 * day)
		}},
		{"the longest ttl", func(r *intake.Report) { r.TTL = "366d" }, func(in *scoring.Incident) { in.Expires = noon.Add(366 * day) }},
		{"expires", func(r *intake.Report) { r.Expires = "2026-11-22T12:00:01Z" }, func(in *scoring.Incident) { in.Expires = noon.Add(time.Second) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			want := plain
			test.want(&want)
			got := h.submit(t, good(test.report))
			if got.Status != intake.Recorded || !got.Visible || got.Refusal != nil {
				t.Fatalf("status %s (%v), want recorded and visible", got.Status, got.Refusal)
			}
			want.ID, want.Until = got.Incident.ID, noon.Add(scoring.DefaultNoteTTL)
			if got.Incident != want {
				t.Errorf("incident\n%+v, want\n%+v", got.Incident, want)
			}
			if len(h.calls) != 1 || h.calls[0][0] != want {
				t.Errorf("the ledger was given %+v", h.calls)
			}
		})
	}
}

func TestIntake_Submit_ignored(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		report func(*intake.Report)
		want   string
	}{
		{"the server's address", func(r *intake.Report) { r.IP = "203.0.113.1" }, "own address"},
		{"the server's address, mapped", func(r *intake.Report) { r.IP = "::ffff:203.0.113.1" }, "own address"},
		{"the server's IPv6 network", func(r *intake.Report) { r.IP = "2001:db8:1::77" }, "own address"},
		{"the caller's address", func(r *intake.Report) { r.IP = "198.51.100.99" }, "own address"},
		{"exempt", func(r *intake.Report) { r.IP = "192.0.2.8" }, "exempt: office (192.0.2.0/24)"},
		{"over by ttl", func(r *intake.Report) { r.Observed, r.TTL = "2026-11-22T11:00:00Z", "1h" }, "already expired at 2026-11-22T12:00:00Z"},
		{"over by the kind's ttl", func(r *intake.Report) { r.Observed, r.Kind = "2026-11-19T12:00:00Z", "web.login" }, "already expired at 2026-11-22T12:00:00Z"},
		{"over by expires", func(r *intake.Report) { r.Expires = "2026-11-22T12:00:00Z" }, "already expired at 2026-11-22T12:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.exemptions = []scoring.Exemption{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Reason: "office"}}
			got := h.submit(t, good(test.report))
			if got.Status != intake.Ignored || got.Ignored != test.want {
				t.Errorf("%s (%s, %v), want it ignored: %s", got.Status, got.Ignored, got.Refusal, test.want)
			}
			if len(h.calls) != 0 {
				t.Errorf("the ledger was given %+v", h.calls)
			}
		})
	}
}

// A caller behind IPv6 has a whole /64; one behind nothing has none.
func TestIntake_Submit_ownNetwork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who := caller(control.RoleReporter)
	who.Source = netip.MustParseAddr("2001:db8:2::1")
	for ip, want := range map[string]intake.Status{"2001:db8:2::ffff": intake.Ignored, "2001:db8:2:1::1": intake.Recorded} {
		if got := h.Submit(t.Context(), noon, who, "", []intake.Report{{IP: ip, Kind: "ssh"}})[0]; got.Status != want {
			t.Errorf("%s: %s, want %s", ip, got.Status, want)
		}
	}
	who.Source = netip.Addr{}
	if got := h.Submit(t.Context(), noon, who, "", []intake.Report{good(nil)})[0]; got.Status != intake.Recorded {
		t.Errorf("without a source: %s (%v)", got.Status, got.Refusal)
	}
}

// With the longest default and a clock that is a little ahead, a report that
// says nothing wrong is not refused.
func TestIntake_Submit_longestPolicy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy.TTL = scoring.Duration(scoring.MaxTTL)
	got := h.submit(t, good(func(r *intake.Report) { r.Observed = "2026-11-22T12:04:00Z" }))
	if want := noon.Add(scoring.MaxTTL); got.Status != intake.Recorded || !got.Incident.Expires.Equal(want) {
		t.Errorf("%s until %s (%v), want it recorded until %s", got.Status, got.Incident.Expires, got.Refusal, want)
	}
}

// An exemption that is over exempts nobody.
func TestIntake_Submit_exemptionOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exemptions = []scoring.Exemption{{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "office", Expires: noon}}
	if got := h.submit(t, good(nil)); got.Status != intake.Recorded {
		t.Errorf("%s (%s)", got.Status, got.Ignored)
	}
}

func TestIntake_Submit_ledgerRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		report func(*intake.Report)
		want   intake.Refusal
	}{
		{"conflict", scoring.ErrConflict, func(r *intake.Report) { r.ID = "ticket-17" }, intake.Refusal{
			Code: intake.Conflict, Field: "id", Value: "ticket-17", Problem: "was reported before with other content", Hint: "give another id, or amend the incident",
		}},
		{"too many", scoring.ErrTooMany, nil, intake.Refusal{
			Code: intake.TooMany, Field: "ip", Value: "203.0.113.7", Problem: "has 20000 live incidents, the most one address may have", Hint: "it is listed beyond doubt; report it again when they expire",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.answer = func(scoring.Incident) scoring.Receipt { return scoring.Receipt{Err: test.err} }
			got := h.submit(t, good(test.report))
			if got.Status != intake.Refused || *got.Refusal != test.want {
				t.Errorf("%s %+v, want %+v", got.Status, got.Refusal, test.want)
			}
		})
	}
}

func TestIntake_Submit_unavailable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fault = fmt.Errorf("recording: %w", scoring.ErrUnavailable)
	own := good(func(r *intake.Report) { r.IP = "203.0.113.1" })
	results := h.Submit(t.Context(), noon, caller(control.RoleReporter), "", []intake.Report{good(nil), own, {}, good(nil)})
	want := []intake.Status{intake.Unavailable, intake.Ignored, intake.Refused, intake.Unavailable}
	for i, result := range results {
		if result.Status != want[i] || result.Visible {
			t.Errorf("row %d: %s, visible %t, want %s", i+1, result.Status, result.Visible, want[i])
		}
	}
}

// One row's fate is not its neighbours', and answers keep the order.
func TestIntake_Submit_rows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.answer = func(in scoring.Incident) scoring.Receipt {
		switch in.Addr.String() {
		case "203.0.113.4":
			return scoring.Receipt{Err: scoring.ErrUnavailable}
		case "203.0.113.5":
			return scoring.Receipt{}
		}
		return scoring.Receipt{Visible: true}
	}
	rows := []intake.Report{
		{IP: "203.0.113.1", Kind: "ssh"},
		{IP: "203.0.113.2", Kind: "ssh"},
		{IP: "203.0.113.3", Kind: "nonsense"},
		{IP: "203.0.113.4", Kind: "ssh"},
		{IP: "203.0.113.5", Kind: "ssh"},
		{IP: "203.0.113.6", Kind: "ssh"},
	}
	results := h.Submit(t.Context(), noon, caller(control.RoleReporter), "", rows)
	want := []intake.Status{intake.Ignored, intake.Recorded, intake.Refused, intake.Unavailable, intake.Recorded, intake.Recorded}
	if len(results) != len(rows) {
		t.Fatalf("%d results of %d rows", len(results), len(rows))
	}
	for i, result := range results {
		if result.Status != want[i] {
			t.Errorf("row %d: %s, want %s", i+1, result.Status, want[i])
		}
		if result.Incident.Addr.String() != rows[i].IP {
			t.Errorf("row %d answers for %s, want %s", i+1, result.Incident.Addr, rows[i].IP)
		}
	}
	if results[4].Visible || !results[5].Visible {
		t.Error("the receipts' visibility is with the wrong rows")
	}
	if len(h.calls) != 1 || len(h.calls[0]) != 4 {
		t.Errorf("the ledger was called %d times, want one call with 4 incidents", len(h.calls))
	}
}

func TestIntake_Submit_nothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if results := h.Submit(t.Context(), noon, caller(control.RoleReporter), "", nil); len(results) != 0 || len(h.calls) != 0 {
		t.Errorf("%d results, %d calls of the ledger, want none", len(results), len(h.calls))
	}
}

// A duplicate answers with what counts: the incident as it was recorded first
// and as amended since, not as it was sent the second time.
func TestIntake_Submit_duplicate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	report := good(func(r *intake.Report) { r.ID = "ticket-17" })
	first := h.submit(t, report)
	report.TTL = "90d"
	again := h.Submit(t.Context(), noon.Add(time.Hour), caller(control.RoleReporter), "", []intake.Report{report})[0]
	if again.Status != intake.Duplicate || !again.Visible {
		t.Fatalf("sent again: %s (%v)", again.Status, again.Refusal)
	}
	if got := again.Incident; !got.Expires.Equal(first.Incident.Expires) || !got.Reported.Equal(noon) || got.ID != first.Incident.ID {
		t.Errorf("sent again: %+v, want %+v", got, first.Incident)
	}
	entry := h.entries[first.Incident.Key()]
	entry.Amendment = &scoring.Amendment{Key: entry.Key(), Version: 1, Kind: 2, Points: 3, Expires: noon.Add(time.Hour)}
	h.entries[entry.Key()] = entry
	amended := h.submit(t, report).Incident
	if amended.Kind != 2 || amended.Points != 3 || !amended.Expires.Equal(noon.Add(time.Hour)) {
		t.Errorf("sent again after it was amended: %+v", amended)
	}
	if amended.Addr != first.Incident.Addr {
		t.Errorf("the answer speaks of %s, the report of %s", amended.Addr, first.Incident.Addr)
	}
}

func TestRefusal_Error(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		refusal intake.Refusal
		want    string
	}{
		{intake.Refusal{Field: "ip", Problem: "is missing", Hint: "say which"}, "ip: is missing; say which"},
		{intake.Refusal{Field: "ip", Value: "x", Problem: "is wrong"}, `ip "x": is wrong`},
		{intake.Refusal{Field: "id", Value: "\x1b[2J\u202e\n", Problem: "is wrong"}, `id "\x1b[2J\u202e\n": is wrong`},
		{intake.Refusal{Field: "id", Value: strings.Repeat("x", 200), Problem: "is wrong"}, `id "` + strings.Repeat("x", 80) + `…": is wrong`},
	} {
		if got := test.refusal.Error(); got != test.want {
			t.Errorf("%+v reads\n%s, want\n%s", test.refusal, got, test.want)
		}
	}
}
