package intake_test

import (
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// Whatever a report says, what the ledger is given is an incident that it can
// hold, and what is refused is refused with a field and a remedy.
func FuzzIntake_Submit(f *testing.F) {
	f.Add("203.0.113.7", "ssh.maxauth", "", "20", "root", "2026-11-22T11:00:00Z", "30d", "", "ticket-17", true)
	f.Add("::ffff:203.0.113.7", "", "web", "", "\x1b\xff", "1795348800", "", "2026-11-23T00:00:00Z", "", false)
	f.Add("10.0.0.1: x", "hacked.host", "hacked", "70000", "", "", "0.0001s", "9999-01-01T00:00:00Z", "\u202e", true)
	f.Add("2001:db8::1/64", "other.manual", "", "1", "", "", "106751d", "", "", true)
	f.Fuzz(func(t *testing.T, ip, kind, category, points, note, observed, ttl, expires, id string, moderator bool) {
		h := newHouse(t)
		role := control.RoleReporter
		if moderator {
			role = control.RoleModerator
		}
		report := intake.Report{IP: ip, Kind: kind, Category: category, Points: points, Note: note, Observed: observed, TTL: ttl, Expires: expires, ID: id}
		result := h.Submit(t.Context(), noon, caller(role), "", []intake.Report{report})[0]
		if (result.Refusal != nil) != (result.Status == intake.Refused) || (result.Ignored != "") != (result.Status == intake.Ignored) {
			t.Errorf("%+v: %+v", report, result)
		}
		if r := result.Refusal; r != nil && (r.Field == "" || r.Problem == "" || r.Hint == "" || r.Error() == "") {
			t.Errorf("%+v: refused without field, problem or hint: %+v", report, r)
		}
		if (len(h.calls) == 1) != (result.Status == intake.Recorded) {
			t.Fatalf("%+v: %s, ledger called %d times", report, result.Status, len(h.calls))
		}
		if len(h.calls) == 1 {
			wantStorable(t, h.policy, h.calls[0][0])
		}
	})
}

func wantStorable(t *testing.T, policy scoring.Policy, in scoring.Incident) {
	t.Helper()
	_, known := policy.KindNumbered(in.Kind)
	_, special := scoring.Special(in.Addr)
	switch {
	case in.Prefix != scoring.PrefixOf(in.Addr) || !in.Prefix.Contains(in.Addr) || special:
		t.Errorf("prefix %s of address %s", in.Prefix, in.Addr)
	case !known || in.Points == 0 || in.Reporter != 2:
		t.Errorf("kind %d, %d points by %d", in.Kind, in.Points, in.Reporter)
	case !in.Expires.After(noon) || in.Expires.After(noon.Add(scoring.MaxTTL)) || in.Expires.Nanosecond() != 0:
		t.Errorf("expires %s", in.Expires)
	case !in.Reported.Equal(noon) || in.Observed.Nanosecond() != 0:
		t.Errorf("reported %s, observed %s", in.Reported, in.Observed)
	}
}
