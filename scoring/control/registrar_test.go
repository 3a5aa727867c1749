package control_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func TestRegistrar_AddReporter(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	first := d.addReporter(t, "web1", control.RoleReporter)
	second := d.addReporter(t, "web2", control.RoleReader)
	if first.Number != 2 || second.Number != 3 {
		t.Errorf("numbers %d and %d, want 2 and 3: 1 is the first admin's", first.Number, second.Number)
	}
	if _, err := d.AddReporter(t.Context(), noon, "web1", control.RoleReader); !errors.Is(err, scoring.ErrConflict) {
		t.Errorf("adding web1 again: %v, want ErrConflict", err)
	}
	again := newDesk(t, s)
	if got, ok := again.book.Reporter("web1"); !ok || got != first {
		t.Errorf("read again: %+v, want %+v", got, first)
	}
}

func TestRegistrar_AddReporter_refused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, reporter, role, want string }{
		{"no name", "", "reporter", "want 1 to 63"},
		{"upper case", "Web1", "reporter", "want 1 to 63"},
		{"slash", "a/b", "reporter", "want 1 to 63"},
		{"long", strings.Repeat("a", 64), "reporter", "want 1 to 63"},
		{"begins with a dot", ".web", "reporter", "want 1 to 63"},
		{"no role", "web1", "", "want checker, reader, reporter"},
		{"unknown role", "web1", "root", "want checker, reader, reporter"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			_, err := newDesk(t, s).AddReporter(t.Context(), noon, test.reporter, control.Role(test.role))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if s.puts != 0 {
				t.Errorf("%d records were written", s.puts)
			}
		})
	}
}

func TestRegistrar_AddReporter_numbersAllGone(t *testing.T) {
	t.Parallel()
	s := newStore()
	s.records["reporters/next"] = record(t, "reporters/next", 4, scoring.MaxReporters)
	d := newDesk(t, s)
	if last := d.addReporter(t, "last", control.RoleReader); last.Number != scoring.MaxReporters {
		t.Errorf("the last number is %d, want %d", last.Number, scoring.MaxReporters)
	}
	if got, err := d.AddReporter(t.Context(), noon, "late", control.RoleReader); err == nil {
		t.Errorf("AddReporter = %+v though all numbers are given out", got)
	}
}

// Whatever the race, no two reporters share a number and no name two numbers.
func TestRegistrar_AddReporter_race(t *testing.T) {
	t.Parallel()
	s := newStore()
	const nodes = 4
	var wg sync.WaitGroup
	errs := make([]error, nodes)
	for i := range nodes {
		d := newDesk(t, s)
		wg.Go(func() {
			for _, name := range []string{fmt.Sprintf("own%d", i), "shared"} {
				_, err := d.AddReporter(t.Context(), noon, name, control.RoleReporter)
				if name == "shared" && errors.Is(err, scoring.ErrConflict) {
					continue
				}
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	reporters := newDesk(t, s).book.Reporters()
	if len(reporters) != nodes+1 {
		t.Errorf("%d reporters, want %d", len(reporters), nodes+1)
	}
	owners := map[scoring.ReporterNumber]string{}
	for _, r := range reporters {
		if other, taken := owners[r.Number]; taken {
			t.Errorf("%s and %s share number %d", other, r.Name, r.Number)
		}
		owners[r.Number] = r.Name
	}
}

func TestRegistrar_ChangeReporter(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	before := d.addReporter(t, "web1", control.RoleReporter)
	got, err := d.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) {
		r.Role, r.Disabled, r.Name, r.Number = control.RoleModerator, true, "other", 77
	})
	want := before
	want.Role, want.Disabled = control.RoleModerator, true
	if err != nil || got != want {
		t.Errorf("ChangeReporter = %+v, %v, want %+v: name and number stay", got, err, want)
	}
	if _, err := d.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Role = "root" }); err == nil {
		t.Error("an unknown role was written")
	}
	if stands, _ := d.book.Reporter("web1"); stands != want {
		t.Errorf("after a refused change: %+v, want %+v", stands, want)
	}
	if _, err := d.ChangeReporter(t.Context(), "web9", func(*control.Reporter) {}); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("changing nobody: %v, want ErrNotFound", err)
	}
}

// Two nodes change one reporter: both changes stand, because the slower one
// reads again and repeats its change.
func TestRegistrar_ChangeReporter_race(t *testing.T) {
	t.Parallel()
	s := newStore()
	slow := newDesk(t, s)
	slow.addReporter(t, "web1", control.RoleReporter)
	fast := newDesk(t, s)
	overtaken := false
	s.before = func(r scoring.ControlRecord) error {
		if overtaken {
			return nil
		}
		overtaken = true
		_, err := fast.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Disabled = true })
		return err
	}
	got, err := slow.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Role = control.RoleReader })
	if err != nil || !got.Disabled || got.Role != control.RoleReader {
		t.Errorf("ChangeReporter = %+v, %v, want it disabled and a reader", got, err)
	}
}

// A write that always loses ends, and says what happened.
func TestRegistrar_change_conflictsForever(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	tries := 0
	s.before = func(scoring.ControlRecord) error {
		tries++
		return fmt.Errorf("put: %w", scoring.ErrConflict)
	}
	_, err := d.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) { return p, nil })
	if !errors.Is(err, scoring.ErrConflict) || !strings.Contains(err.Error(), "try again") {
		t.Errorf("error %v, want ErrConflict with a hint", err)
	}
	if tries < 2 || tries > 20 {
		t.Errorf("%d tries", tries)
	}
}

func TestRegistrar_change_unavailable(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	s.before = func(scoring.ControlRecord) error { return fmt.Errorf("put: %w", scoring.ErrUnavailable) }
	if _, err := d.AddReporter(t.Context(), noon, "web1", control.RoleReader); !errors.Is(err, scoring.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if len(d.book.Reporters()) != 0 {
		t.Error("the book has a reporter that the ledger has not")
	}
}

func TestRegistrar_AddKey(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleModerator)
	for _, test := range []struct{ asked, want control.Role }{
		{"", control.RoleModerator},
		{control.RoleModerator, control.RoleModerator},
		{control.RoleReader, control.RoleReader},
	} {
		key, token := d.addKey(t, "web1", test.asked)
		if key.Role != test.want || key.Reporter != "web1" || !key.Created.Equal(noon) {
			t.Errorf("role %q: key %+v, want role %s", test.asked, key, test.want)
		}
		for _, r := range s.records {
			if secret := strings.Split(token, "_")[2]; strings.Contains(string(r.Value), secret) {
				t.Errorf("the ledger keeps the secret in %s: %s", r.Key, r.Value)
			}
		}
	}
}

func TestRegistrar_AddKey_refused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reporter string
		role           control.Role
		label          string
		expires        time.Time
		want           string
	}{
		{"nobody", "web9", "", "", time.Time{}, "not found"},
		{"more than the reporter", "web1", control.RoleAdmin, "", time.Time{}, "more than reporter"},
		{"unknown role", "web1", "root", "", time.Time{}, "want checker, reader, reporter"},
		{"long label", "web1", "", strings.Repeat("x", 101), time.Time{}, "at most 100"},
		{"expired", "web1", "", "", noon, "in the past"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, newStore())
			d.addReporter(t, "web1", control.RoleReporter)
			_, token, err := d.AddKey(t.Context(), noon, control.KeyOrder{Reporter: test.reporter, Role: test.role, Label: test.label, Expires: test.expires})
			if err == nil || !strings.Contains(err.Error(), test.want) || token != "" {
				t.Errorf("AddKey = %q, %v, want %q", token, err, test.want)
			}
			if keys := d.book.Keys(); len(keys) != 0 {
				t.Errorf("a refused key is in the book: %+v", keys)
			}
		})
	}
}

func TestRegistrar_RevokeKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	key, _ := d.addKey(t, "web1", "")
	for _, later := range []time.Duration{0, time.Hour} {
		got, err := d.RevokeKey(t.Context(), noon.Add(later), key.ID)
		if err != nil || !got.Revoked.Equal(noon) {
			t.Errorf("RevokeKey after %s = %+v, %v, want it revoked since noon", later, got, err)
		}
	}
	if _, err := d.RevokeKey(t.Context(), noon, "nosuchid"); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("revoking nothing: %v, want ErrNotFound", err)
	}
}

func TestRegistrar_SetPolicy(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	set := func(p scoring.Policy) (scoring.Policy, error) { return p.Set("threshold", "75") }
	if _, err := d.SetPolicy(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if got := newDesk(t, s).book.Policy().Threshold; got != 75 {
		t.Errorf("threshold read again: %d, want 75", got)
	}
	if d.book.PolicyVersion() != 1 {
		t.Errorf("version %d, want 1", d.book.PolicyVersion())
	}
}

// JSON omits a zero; the default policy must not shine through. A cap taken
// away used to come back.
func TestRegistrar_SetPolicy_zeroes(t *testing.T) {
	t.Parallel()
	s := newStore()
	for _, setting := range []string{"web.login.cap", "web.login.ttl", "ssh.maxauth.points"} {
		value := "0"
		if strings.HasSuffix(setting, "ttl") {
			value = "0s"
		}
		_, err := newDesk(t, s).SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) {
			return p.Set(setting, value)
		})
		if err != nil {
			t.Fatalf("setting %s=%s: %v", setting, value, err)
		}
	}
	policy := newDesk(t, s).book.Policy()
	login, _ := policy.KindNamed("web.login")
	maxauth, _ := policy.KindNamed("ssh.maxauth")
	if login.Cap != 0 || login.TTL != 0 || maxauth.Points != 0 {
		t.Errorf("read again: cap %d, ttl %s, points %d, want 0", login.Cap, login.TTL, maxauth.Points)
	}
}

func TestRegistrar_SetPolicy_invalid(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	_, err := d.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) {
		p.Threshold = -1
		return p, nil
	})
	if err == nil || s.puts != 0 {
		t.Errorf("error %v, %d records written; want it refused before it is written", err, s.puts)
	}
	mine := errors.New("changed my mind")
	_, err = d.SetPolicy(t.Context(), func(p scoring.Policy) (scoring.Policy, error) { return p, mine })
	if !errors.Is(err, mine) || s.puts != 0 {
		t.Errorf("error %v, %d records written; want the caller's error", err, s.puts)
	}
}

// Who read an older version of a reporter changes nothing.
func TestRegistrar_ChangeReporterAt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	_, version, _ := d.book.ReporterAt("web1")
	halve := func(r *control.Reporter) { r.Weight = new(50) }
	if got, err := d.ChangeReporterAt(t.Context(), "web1", version, halve); err != nil || got.Trust().Weight != 50 {
		t.Errorf("the version that stands: %+v, %v", got, err)
	}
	_, err := d.ChangeReporterAt(t.Context(), "web1", version, func(r *control.Reporter) { r.Probation = true })
	if stands, _ := d.book.Reporter("web1"); !errors.Is(err, scoring.ErrConflict) || stands.Probation {
		t.Errorf("an older version: %v, and the reporter is %+v", err, stands)
	}
}

// A reporter is on probation from its first moment.
func TestRegistrar_Enrol(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	got, err := d.Enrol(t.Context(), noon, control.Reporter{Number: 77, Name: "web9", Role: control.RoleReporter, Probation: true})
	if stands, _ := newDesk(t, s).book.Reporter("web9"); err != nil || stands != got || !stands.Probation || stands.Number != 2 {
		t.Errorf("Enrol = %+v, %v, and read again %+v", got, err, stands)
	}
	for _, wrong := range []control.Reporter{
		{Name: "web8", Role: control.RoleReporter, Weight: new(201)},
		{Name: "web8", Role: control.RoleReporter, Organisation: "two words"},
	} {
		if _, err := d.Enrol(t.Context(), noon, wrong); err == nil {
			t.Errorf("%+v was enrolled", wrong)
		}
	}
}
