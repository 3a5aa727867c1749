package intake_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// of gives a pointer to a value of a change.
func of[T any](value T) *T { return &value }

// reported returns a house that holds one incident of web1's: ssh.maxauth with
// 20 points for a day, since an hour.
func reported(t *testing.T) (*house, scoring.Key) {
	t.Helper()
	h := newHouse(t)
	addr := netip.MustParseAddr("203.0.113.7")
	in := scoring.Incident{
		Prefix: scoring.PrefixOf(addr), ID: 17, Kind: 1, Points: 20, Reporter: 2,
		Reported: noon.Add(-time.Hour), Expires: noon.Add(23 * time.Hour),
	}
	h.entries[in.Key()] = scoring.Entry{Incident: in}
	return h, in.Key()
}

func TestIntake_Amend(t *testing.T) {
	t.Parallel()
	plain := scoring.Amendment{Version: 1, Kind: 1, Points: 20, Expires: noon.Add(23 * time.Hour), By: 2, At: noon}
	tests := []struct {
		name   string
		role   control.Role
		change intake.Change
		want   func(*scoring.Amendment)
	}{
		{"points", control.RoleReporter, intake.Change{Points: "5"}, func(a *scoring.Amendment) { a.Points = 5 }},
		{"more points", control.RoleModerator, intake.Change{Points: "500"}, func(a *scoring.Amendment) { a.Points = 500 }},
		{"kind brings its points", control.RoleReporter, intake.Change{Kind: "ssh.penalty"}, func(a *scoring.Amendment) { a.Kind, a.Points = 2, 10 }},
		{"kind and points", control.RoleReporter, intake.Change{Kind: "web.probe", Points: "9"}, func(a *scoring.Amendment) { a.Kind, a.Points = 9, 9 }},
		{"ttl counts from now", control.RoleReporter, intake.Change{TTL: "2d"}, func(a *scoring.Amendment) { a.Expires = noon.Add(48 * time.Hour) }},
		{"expires", control.RoleReporter, intake.Change{Expires: "2026-11-22T13:00:00Z"}, func(a *scoring.Amendment) { a.Expires = noon.Add(time.Hour) }},
		{"ended at once", control.RoleReporter, intake.Change{Expires: "2026-11-22T12:00:00Z"}, func(a *scoring.Amendment) { a.Expires = noon }},
		{"note", control.RoleReporter, intake.Change{Note: of("was\nus")}, func(a *scoring.Amendment) { a.Note = of("was us") }},
		{"no note", control.RoleReporter, intake.Change{Note: of("")}, func(a *scoring.Amendment) { a.Note = of("") }},
		{"withdrawn", control.RoleReporter, intake.Change{Withdraw: of(true), Reason: "was\x1bus"}, func(a *scoring.Amendment) { a.Withdrawn, a.Reason = true, "was us" }},
		{"seen never amended", control.RoleReporter, intake.Change{Version: of(uint64(0)), Points: "5"}, func(a *scoring.Amendment) { a.Points = 5 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, key := reported(t)
			want := plain
			want.Key = key
			test.want(&want)
			entry, refusal, err := h.Amend(t.Context(), noon, caller(test.role), key, test.change)
			if refusal != nil || err != nil {
				t.Fatalf("Amend: %v, %v", refusal, err)
			}
			if len(h.amendments) != 1 || !sameAmendment(h.amendments[0], want) {
				t.Errorf("the ledger was given\n%+v, want\n%+v", h.amendments, want)
			}
			if entry.Amendment == nil || !sameAmendment(*entry.Amendment, want) || entry.Points != 20 {
				t.Errorf("Amend returns %+v", entry)
			}
		})
	}
}

func sameAmendment(a, b scoring.Amendment) bool {
	sameNote := (a.Note == nil) == (b.Note == nil) && (a.Note == nil || *a.Note == *b.Note)
	a.Note, b.Note = nil, nil
	return sameNote && a == b
}

// What an amendment does not speak of stays as the one before left it.
func TestIntake_Amend_again(t *testing.T) {
	t.Parallel()
	h, key := reported(t)
	steps := []struct {
		change intake.Change
		want   scoring.Amendment
	}{
		{intake.Change{Points: "5", Note: of("a")}, scoring.Amendment{Version: 1, Points: 5, Note: of("a")}},
		{intake.Change{Withdraw: of(true), Reason: "ours"}, scoring.Amendment{Version: 2, Points: 5, Note: of("a"), Withdrawn: true, Reason: "ours"}},
		{intake.Change{Points: "7"}, scoring.Amendment{Version: 3, Points: 7, Note: of("a"), Withdrawn: true}},
		{intake.Change{Withdraw: of(false)}, scoring.Amendment{Version: 4, Points: 7, Note: of("a")}},
	}
	for _, step := range steps {
		step.want.Key, step.want.Kind, step.want.Expires, step.want.By, step.want.At = key, 1, noon.Add(23*time.Hour), 2, noon
		if _, refusal, err := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, step.change); refusal != nil || err != nil {
			t.Fatalf("%+v: %v, %v", step.change, refusal, err)
		}
		if got := h.amendments[len(h.amendments)-1]; !sameAmendment(got, step.want) {
			t.Errorf("%+v gives\n%+v, want\n%+v", step.change, got, step.want)
		}
	}
}

func TestIntake_Amend_refused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		role   control.Role
		change intake.Change
		want   intake.Refusal
	}{
		{"reader", control.RoleReader, intake.Change{Points: "5"}, intake.Refusal{Code: intake.Forbidden, Field: "key", Value: "abcdefgh", Problem: "may read only", Hint: "reporting needs the role reporter; this key's is reader"}},
		{"more points", control.RoleReporter, intake.Change{Points: "21"}, intake.Refusal{Code: intake.Forbidden, Field: "points", Value: "21", Problem: "is more than the 20 of kind ssh.maxauth; raising points needs a moderator's key", Hint: "leave it out, or give less"}},
		{"no points", control.RoleModerator, intake.Change{Points: "0"}, intake.Refusal{Field: "points", Value: "0", Problem: "is outside 1..65535", Hint: "leave it out to count ssh.maxauth's own points"}},
		{"moderated kind", control.RoleReporter, intake.Change{Kind: "hacked.host"}, intake.Refusal{Code: intake.Forbidden, Field: "kind", Value: "hacked.host", Problem: "needs a moderator's key", Hint: "this key's role is reporter"}},
		{"ttl and expires", control.RoleReporter, intake.Change{TTL: "1d", Expires: "2026-11-23T00:00:00Z"}, intake.Refusal{Field: "expires", Value: "2026-11-23T00:00:00Z", Problem: "stands beside ttl", Hint: "give one of them"}},
		{"ttl beyond a year", control.RoleModerator, intake.Change{TTL: "367d"}, intake.Refusal{Field: "ttl", Value: "367d", Problem: "is more than a year ahead", Hint: yearAhead}},
		{"expires beyond a year", control.RoleModerator, intake.Change{Expires: "2028-01-01T00:00:00Z"}, intake.Refusal{Field: "expires", Value: "2028-01-01T00:00:00Z", Problem: "is more than a year ahead", Hint: yearAhead}},
		{"withdrawn without a reason", control.RoleReporter, intake.Change{Withdraw: of(true), Reason: " \x00"}, intake.Refusal{Field: "reason", Problem: "is missing", Hint: "say why it is withdrawn, for those who ask later"}},
		{"seen another version", control.RoleReporter, intake.Change{Version: of(uint64(3)), Points: "5"}, intake.Refusal{Code: intake.Conflict, Field: "version", Value: "3", Problem: "is not the present one, 0", Hint: "read the incident again and repeat"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, key := reported(t)
			_, got, err := h.Amend(t.Context(), noon, caller(test.role), key, test.change)
			if err != nil || got == nil || *got != test.want {
				t.Errorf("Amend: %+v, %v, want %+v", got, err, test.want)
			}
			if len(h.amendments) != 0 {
				t.Errorf("the ledger was given %+v", h.amendments)
			}
		})
	}
	h, key := reported(t)
	_, got, err := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, intake.Change{Kind: "nonsense"})
	if err != nil || got == nil || got.Field != "kind" || !strings.HasPrefix(got.Hint, "known kinds are ") {
		t.Errorf("unknown kind: %+v, %v", got, err)
	}
}

// Who may amend whose incident, and after whom.
func TestIntake_Amend_whose(t *testing.T) {
	t.Parallel()
	const nobody, web1, moderator, web2 = scoring.ReporterNumber(0), scoring.ReporterNumber(2), scoring.ReporterNumber(3), scoring.ReporterNumber(4)
	tests := []struct {
		name      string
		amendedBy scoring.ReporterNumber
		caller    scoring.ReporterNumber
		role      control.Role
		problem   string
	}{
		{"own", nobody, web1, control.RoleReporter, ""},
		{"own, amended before", web1, web1, control.RoleReporter, ""},
		{"another's", nobody, web2, control.RoleReporter, "was reported by somebody else"},
		{"another's, as moderator", nobody, moderator, control.RoleModerator, ""},
		{"another's, as admin", nobody, moderator, control.RoleAdmin, ""},
		// Else a reporter could take back what a moderator withdrew.
		{"own, amended by a moderator", moderator, web1, control.RoleReporter, "was amended by somebody else"},
		{"another's, amended by a moderator", moderator, moderator, control.RoleModerator, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, key := reported(t)
			if test.amendedBy != nobody {
				entry := h.entries[key]
				entry.Amendment = &scoring.Amendment{Key: key, Version: 1, Kind: 1, Points: 20, Expires: entry.Expires, Withdrawn: true, By: test.amendedBy}
				h.entries[key] = entry
			}
			who := caller(test.role)
			who.Number = test.caller
			_, refusal, err := h.Amend(t.Context(), noon, who, key, intake.Change{Withdraw: of(false)})
			switch {
			case err != nil:
				t.Errorf("Amend: %v", err)
			case test.problem == "":
				if refusal != nil {
					t.Errorf("refused: %v", refusal)
				}
			case refusal == nil || refusal.Code != intake.Forbidden || refusal.Problem != test.problem:
				t.Errorf("refusal %+v, want it forbidden: %s", refusal, test.problem)
			}
			if (len(h.amendments) == 1) != (test.problem == "") {
				t.Errorf("the ledger was given %+v", h.amendments)
			}
		})
	}
}

func TestIntake_Amend_notThere(t *testing.T) {
	t.Parallel()
	_, key := reported(t)
	unknown := key
	unknown.ID++
	tests := []struct {
		name string
		key  scoring.Key
		at   time.Time
		want bool
	}{
		{"unknown", unknown, noon, false},
		{"just alive", key, noon.Add(23*time.Hour - time.Second), true},
		{"expired, not yet purged", key, noon.Add(23 * time.Hour), false},
	}
	for _, test := range tests {
		h, _ := reported(t)
		_, refusal, err := h.Amend(t.Context(), test.at, caller(control.RoleModerator), test.key, intake.Change{TTL: "30d"})
		if gone := refusal != nil && refusal.Code == intake.NotFound && refusal.Field == "id"; err != nil || gone == test.want {
			t.Errorf("%s: %v, %v, want it amended: %t", test.name, refusal, err, test.want)
		}
	}
}

func TestIntake_Amend_ledgerFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault error
		want  intake.Code
	}{
		{scoring.ErrConflict, intake.Conflict},
		{scoring.ErrNotFound, intake.NotFound},
	} {
		h, key := reported(t)
		h.fault = fmt.Errorf("amending: %w", test.fault)
		_, refusal, err := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, intake.Change{Points: "5"})
		if err != nil || refusal == nil || refusal.Code != test.want {
			t.Errorf("%v: %+v, %v, want code %d", test.fault, refusal, err, test.want)
		}
	}
	h, key := reported(t)
	h.fault = scoring.ErrUnavailable
	entry, refusal, err := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, intake.Change{Points: "5"})
	if !errors.Is(err, scoring.ErrUnavailable) || refusal != nil || entry.Amendment != nil {
		t.Errorf("unavailable: %+v, %v, %v", entry.Amendment, refusal, err)
	}
}

// A kind that the policy no longer knows can still be given another one, and
// withdrawn.
func TestIntake_Amend_kindGone(t *testing.T) {
	t.Parallel()
	h, key := reported(t)
	h.policy.Kinds = h.policy.Kinds[1:]
	if _, refusal, _ := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, intake.Change{Points: "5"}); refusal == nil || refusal.Field != "kind" {
		t.Errorf("points alone: %v, want the kind asked for", refusal)
	}
	for _, change := range []intake.Change{{Kind: "ssh.penalty"}, {Withdraw: of(true), Reason: "ours"}} {
		if _, refusal, err := h.Amend(t.Context(), noon, caller(control.RoleReporter), key, change); refusal != nil || err != nil {
			t.Errorf("%+v: %v, %v", change, refusal, err)
		}
	}
}
