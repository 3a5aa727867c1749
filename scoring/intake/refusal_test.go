package intake_test

import (
	"strings"
	"testing"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

const yearAhead = "points count for 366d at the most"

// Every refusal names the field, what stood there, why, and what to do.
func TestIntake_Submit_refused(t *testing.T) {
	t.Parallel()
	kinds := "known kinds are " + strings.Join(newHouse(t).policy.KindNames(), ", ")
	const (
		noAddress = "want an IPv4 or IPv6 address such as 203.0.113.7 or 2001:db8::7"
		oneOnly   = "host names are not resolved; send one address"
		oneEach   = "send one address; of many, each in a row of its own"
		ranges    = "send one address, or a range that is scored as such: IPv4 /24 to /31, IPv6 /48 to /63"
		years     = "is outside the years 1971 to 2105"
		public    = "report the public address; behind a proxy, make the log show the client's"
		aTime     = "is not a time such as 2026-11-22T10:00:00Z"
		happened  = "leave it out if it just happened"
		aDuration = "is not a duration of at least a second"
		write     = "write such as 3s, 90m, 12h or 30d"
		idHint    = "leave it out, or send a hash"
		idProblem = "is not 1 to 200 printable characters"
	)
	tests := []struct {
		name   string
		report func(*intake.Report)
		want   intake.Refusal
	}{
		{"no ip", func(r *intake.Report) { r.IP = "" }, intake.Refusal{Field: "ip", Problem: "is missing", Hint: "say which address it is about, such as 203.0.113.7"}},
		{"blank ip", func(r *intake.Report) { r.IP = " \t" }, intake.Refusal{Field: "ip", Problem: "is missing", Hint: "say which address it is about, such as 203.0.113.7"}},
		{"host name", func(r *intake.Report) { r.IP = "mail.example.com" }, intake.Refusal{Field: "ip", Value: "mail.example.com", Problem: noAddress, Hint: oneOnly}},
		// The value must not be able to write into the problem.
		{"name with a colon", func(r *intake.Report) { r.IP = "a: b" }, intake.Refusal{Field: "ip", Value: "a: b", Problem: noAddress, Hint: oneEach}},
		{"two", func(r *intake.Report) { r.IP = "203.0.113.7,203.0.113.8" }, intake.Refusal{Field: "ip", Value: "203.0.113.7,203.0.113.8", Problem: noAddress, Hint: oneEach}},
		{"leading zero", func(r *intake.Report) { r.IP = "203.0.113.07" }, intake.Refusal{Field: "ip", Value: "203.0.113.07", Problem: noAddress, Hint: oneOnly}},
		{"port", func(r *intake.Report) { r.IP = "203.0.113.7:22" }, intake.Refusal{Field: "ip", Value: "203.0.113.7:22", Problem: noAddress, Hint: "leave the port out: 203.0.113.7"}},
		{"range", func(r *intake.Report) { r.IP = "203.0.113.0/24" }, intake.Refusal{Code: intake.Forbidden, Field: "ip", Value: "203.0.113.0/24", Problem: "this needs the scope range, which no key of a reporter has unless it names it", Hint: "an admin makes one that may: penaltybox key add web1 --scope …,range"}},
		{"wide range", func(r *intake.Report) { r.IP = "203.0.112.0/23" }, intake.Refusal{Field: "ip", Value: "203.0.112.0/23", Problem: "is too wide a range; a report names at most an IPv4 /24 or an IPv6 /48", Hint: ranges}},
		{"host within a range", func(r *intake.Report) { r.IP = "2001:db8::7/48" }, intake.Refusal{Field: "ip", Value: "2001:db8::7/48", Problem: "is not the first of its range; send 2001:db8::/48, or the address alone", Hint: ranges}},
		{"part of a /64", func(r *intake.Report) { r.IP = "2001:db8::/96" }, intake.Refusal{Field: "ip", Value: "2001:db8::/96", Problem: "is part of a /64, which is what is scored; send one address of it", Hint: ranges}},
		{"in brackets", func(r *intake.Report) { r.IP = "[2001:db8::1]" }, intake.Refusal{Field: "ip", Value: "[2001:db8::1]", Problem: noAddress, Hint: "leave the brackets out"}},
		{"both protocols", func(r *intake.Report) { r.IP = "::ffff:203.0.113.0/64" }, intake.Refusal{Field: "ip", Value: "::ffff:203.0.113.0/64", Problem: "is too wide a range, of IPv4 and of IPv6 at once", Hint: ranges}},
		{"zone", func(r *intake.Report) { r.IP = "2001:db8::1%eth0" }, intake.Refusal{Field: "ip", Value: "2001:db8::1%eth0", Problem: "has a zone; send the address alone", Hint: "leave out what follows the %"}},
		{"private", func(r *intake.Report) { r.IP = "10.1.2.3" }, intake.Refusal{Field: "ip", Value: "10.1.2.3", Problem: "is never listed: private (10.0.0.0/8)", Hint: public}},
		{"private, mapped", func(r *intake.Report) { r.IP = "::ffff:192.168.1.1" }, intake.Refusal{Field: "ip", Value: "::ffff:192.168.1.1", Problem: "is never listed: private (192.168.0.0/16)", Hint: public}},
		{"loopback", func(r *intake.Report) { r.IP = "::1" }, intake.Refusal{Field: "ip", Value: "::1", Problem: "is never listed: unspecified or loopback (::/64)", Hint: public}},

		{"no kind", func(r *intake.Report) { r.Kind = "" }, intake.Refusal{Field: "kind", Problem: "is missing", Hint: kinds}},
		{"unknown kind", func(r *intake.Report) { r.Kind = "ssh.nonsense" }, intake.Refusal{Field: "kind", Value: "ssh.nonsense", Problem: "is not known here", Hint: kinds}},
		{"unknown category", func(r *intake.Report) { r.Kind, r.Category = "", "nonsense" }, intake.Refusal{Field: "category", Value: "nonsense", Problem: "is not known here", Hint: kinds}},
		{"kind and category at odds", func(r *intake.Report) { r.Category = "web" }, intake.Refusal{Field: "category", Value: "web", Problem: "does not fit kind ssh.maxauth", Hint: "leave it out, or say ssh"}},
		{"moderated kind", func(r *intake.Report) { r.Kind = "hacked.host" }, intake.Refusal{Code: intake.Forbidden, Field: "kind", Value: "hacked.host", Problem: "needs a moderator's key", Hint: "this key's role is reporter"}},
		{"moderated category", func(r *intake.Report) { r.Kind, r.Category = "", "hacked" }, intake.Refusal{Code: intake.Forbidden, Field: "category", Value: "hacked", Problem: "needs a moderator's key", Hint: "this key's role is reporter"}},

		{"no points at all", func(r *intake.Report) { r.Points = "0" }, intake.Refusal{Field: "points", Value: "0", Problem: "is outside 1..65535", Hint: "leave it out to count ssh.maxauth's own points"}},
		{"points beyond", func(r *intake.Report) { r.Points = "70000" }, intake.Refusal{Field: "points", Value: "70000", Problem: "is outside 1..65535", Hint: "leave it out to count ssh.maxauth's own points"}},
		{"negative points", func(r *intake.Report) { r.Points = "-5" }, intake.Refusal{Field: "points", Value: "-5", Problem: "is not a whole number from 1 to 65535", Hint: "leave it out to count ssh.maxauth's own points"}},
		{"half a point", func(r *intake.Report) { r.Points = "2.5" }, intake.Refusal{Field: "points", Value: "2.5", Problem: "is not a whole number from 1 to 65535", Hint: "leave it out to count ssh.maxauth's own points"}},
		{"raised points", func(r *intake.Report) { r.Points = "21" }, intake.Refusal{Code: intake.Forbidden, Field: "points", Value: "21", Problem: "is more than the 20 of kind ssh.maxauth; raising points needs a moderator's key", Hint: "leave it out, or give less"}},

		{"observed: no time", func(r *intake.Report) { r.Observed = "yesterday" }, intake.Refusal{Field: "observed", Value: "yesterday", Problem: aTime, Hint: happened}},
		{"observed: without zone", func(r *intake.Report) { r.Observed = "2026-11-22T10:00:00" }, intake.Refusal{Field: "observed", Value: "2026-11-22T10:00:00", Problem: aTime, Hint: happened}},
		{"observed: in milliseconds", func(r *intake.Report) { r.Observed = "1795348800000" }, intake.Refusal{Field: "observed", Value: "1795348800000", Problem: aTime, Hint: happened}},
		{"observed: before the epoch", func(r *intake.Report) { r.Observed = "0001-01-01T00:00:00Z" }, intake.Refusal{Field: "observed", Value: "0001-01-01T00:00:00Z", Problem: years, Hint: happened}},
		{"observed in the future", func(r *intake.Report) { r.Observed = "2026-11-22T12:05:01Z" }, intake.Refusal{Field: "observed", Value: "2026-11-22T12:05:01Z", Problem: "lies in the future; it is 2026-11-22T12:00:00Z here", Hint: "set the reporter's clock and time zone"}},

		{"ttl and expires", func(r *intake.Report) { r.TTL, r.Expires = "1d", "2026-11-23T00:00:00Z" }, intake.Refusal{Field: "expires", Value: "2026-11-23T00:00:00Z", Problem: "stands beside ttl", Hint: "give one of them"}},
		{"ttl: no duration", func(r *intake.Report) { r.TTL = "soon" }, intake.Refusal{Field: "ttl", Value: "soon", Problem: aDuration, Hint: write}},
		{"ttl: negative", func(r *intake.Report) { r.TTL = "-1h" }, intake.Refusal{Field: "ttl", Value: "-1h", Problem: aDuration, Hint: write}},
		{"ttl: nothing", func(r *intake.Report) { r.TTL = "0s" }, intake.Refusal{Field: "ttl", Value: "0s", Problem: aDuration, Hint: write}},
		{"ttl: less than a second", func(r *intake.Report) { r.TTL = "999ms" }, intake.Refusal{Field: "ttl", Value: "999ms", Problem: aDuration, Hint: write}},
		{"ttl beyond a year", func(r *intake.Report) { r.TTL = "367d" }, intake.Refusal{Field: "ttl", Value: "367d", Problem: "is more than a year ahead", Hint: yearAhead}},
		{"ttl beyond a century", func(r *intake.Report) { r.TTL = "100000d" }, intake.Refusal{Field: "ttl", Value: "100000d", Problem: "is more than a year ahead", Hint: yearAhead}},
		{"expires: no time", func(r *intake.Report) { r.Expires = "never" }, intake.Refusal{Field: "expires", Value: "never", Problem: aTime, Hint: "or give ttl, such as 30d"}},
		{"expires beyond a year", func(r *intake.Report) { r.Expires = "2027-11-24T00:00:00Z" }, intake.Refusal{Field: "expires", Value: "2027-11-24T00:00:00Z", Problem: "is more than a year ahead", Hint: yearAhead}},

		{"long id", func(r *intake.Report) { r.ID = strings.Repeat("x", 201) }, intake.Refusal{Field: "id", Value: strings.Repeat("x", 201), Problem: idProblem, Hint: idHint}},
		{"control byte in the id", func(r *intake.Report) { r.ID = "a\x00b" }, intake.Refusal{Field: "id", Value: "a\x00b", Problem: idProblem, Hint: idHint}},
		{"turned id", func(r *intake.Report) { r.ID = "a\u202eb" }, intake.Refusal{Field: "id", Value: "a\u202eb", Problem: idProblem, Hint: idHint}},
		{"id that is no UTF-8", func(r *intake.Report) { r.ID = "a\xffb" }, intake.Refusal{Field: "id", Value: "a\xffb", Problem: idProblem, Hint: idHint}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			got := h.submit(t, good(test.report))
			if got.Status != intake.Refused || got.Refusal == nil {
				t.Fatalf("%s (%s), want it refused", got.Status, got.Ignored)
			}
			if *got.Refusal != test.want {
				t.Errorf("refusal\n%+v, want\n%+v", *got.Refusal, test.want)
			}
			if len(h.calls) != 0 {
				t.Errorf("the ledger was given %+v", h.calls)
			}
		})
	}
}

// A refusal goes before an ignored report: what is wrong is wrong, also about
// one's own address.
func TestIntake_Submit_refusedBeforeIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.submit(t, intake.Report{IP: "203.0.113.1", Kind: "nonsense"})
	if got.Status != intake.Refused || got.Refusal.Field != "kind" {
		t.Errorf("%s %v, want the kind refused", got.Status, got.Refusal)
	}
}

// Who may report what, with how many points.
func TestIntake_Submit_roles(t *testing.T) {
	t.Parallel()
	report := func(kind, points string) intake.Report {
		return intake.Report{IP: "203.0.113.7", Kind: kind, Points: points}
	}
	tests := []struct {
		name   string
		report intake.Report
		least  control.Role
	}{
		{"a kind's own points", report("ssh.maxauth", ""), control.RoleReporter},
		{"fewer", report("ssh.maxauth", "19"), control.RoleReporter},
		{"more", report("ssh.maxauth", "21"), control.RoleModerator},
		{"moderated kind", report("hacked.host", ""), control.RoleModerator},
		{"moderated kind, fewer", report("hacked.host", "1"), control.RoleModerator},
		{"points as given", report("other.manual", "65535"), control.RoleModerator},
	}
	for _, test := range tests {
		for _, role := range append(control.Roles(), "", "auditor") {
			h := newHouse(t)
			got := h.Submit(t.Context(), noon, caller(role), "", []intake.Report{test.report})[0]
			switch {
			case role.AtLeast(test.least):
				if got.Status != intake.Recorded {
					t.Errorf("%s as %q: %s %v", test.name, role, got.Status, got.Refusal)
				}
			case got.Status != intake.Refused || got.Refusal.Code != intake.Forbidden:
				t.Errorf("%s as %q: %s %v, want it forbidden", test.name, role, got.Status, got.Refusal)
			}
			if (len(h.calls) > 0) != role.AtLeast(test.least) {
				t.Errorf("%s as %q: the ledger was called %d times", test.name, role, len(h.calls))
			}
		}
	}
}

func TestIntake_Submit_pointsMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.Submit(t.Context(), noon, caller(control.RoleModerator), "", []intake.Report{{IP: "203.0.113.7", Kind: "other.manual"}})[0]
	want := intake.Refusal{Field: "points", Problem: "is missing", Hint: "kind other.manual has no points of its own; give 1 to 65535"}
	if got.Status != intake.Refused || *got.Refusal != want {
		t.Errorf("%s %+v, want %+v", got.Status, got.Refusal, want)
	}
}

func TestIntake_Submit_reader(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	results := h.Submit(t.Context(), noon, caller(control.RoleReader), "", []intake.Report{good(nil), {}})
	want := intake.Refusal{Code: intake.Forbidden, Field: "key", Value: "abcdefgh", Problem: "may read only", Hint: "reporting needs the role reporter; this key's is reader"}
	for i, got := range results {
		if got.Status != intake.Refused || *got.Refusal != want {
			t.Errorf("row %d: %s %+v, want %+v", i+1, got.Status, got.Refusal, want)
		}
	}
	if len(results) != 2 {
		t.Errorf("%d results, want 2", len(results))
	}
}
