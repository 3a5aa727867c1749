package control_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// setPassword gives a reporter some password.
func (d desk) setPassword(t *testing.T, reporter, hash string) {
	t.Helper()
	if _, err := d.SetPassword(t.Context(), noon, reporter, hash); err != nil {
		t.Fatal(err)
	}
}

func (d desk) signIn(t *testing.T, reporter string) (control.Key, string) {
	t.Helper()
	key, token, err := d.SignIn(t.Context(), noon, reporter)
	if err != nil {
		t.Fatal(err)
	}
	return key, token
}

// A session may what the pages need, whatever its owner may do besides, until
// its eight hours are over.
func TestRegistrar_SignIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	for role, may := range map[control.Role]string{
		control.RoleReporter:  "check,read,report,bulk",
		control.RoleModerator: "check,read,report,bulk,manual",
		control.RoleAdmin:     "check,read,report,bulk,manual",
	} {
		d.addReporter(t, string(role)+"1", role)
		d.setPassword(t, string(role)+"1", "hash")
		_, token := d.signIn(t, string(role)+"1")
		identity, err := d.book.Authenticate(token, netip.Addr{}, noon.Add(control.SessionLength-time.Second))
		var got []string
		for _, scope := range control.AllScopes() {
			if identity.May(scope) {
				got = append(got, string(scope))
			}
		}
		if err != nil || strings.Join(got, ",") != may {
			t.Errorf("a session of a %s may %s, %v; want %s", role, got, err, may)
		}
		if _, err := d.book.Authenticate(token, netip.Addr{}, noon.Add(control.SessionLength)); !errors.Is(err, control.ErrKeyExpired) {
			t.Errorf("after eight hours: %v", err)
		}
	}
}

func TestRegistrar_SignIn_refused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	d.addReporter(t, "mirror", control.RoleReader)
	d.setPassword(t, "mirror", "hash")
	for name, want := range map[string]error{"nobody": scoring.ErrNotFound, "web1": scoring.ErrNotFound} {
		if _, _, err := d.SignIn(t.Context(), noon, name); !errors.Is(err, want) {
			t.Errorf("SignIn(%s) = %v", name, err)
		}
	}
	if _, _, err := d.SignIn(t.Context(), noon, "mirror"); err == nil || !strings.Contains(err.Error(), "it needs reporter") {
		t.Errorf("SignIn of a reader = %v", err)
	}
	if _, err := d.SetPassword(t.Context(), noon, "nobody", "hash"); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("SetPassword(nobody) = %v", err)
	}
	if err := d.DropPassword(t.Context(), "web1"); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("DropPassword without one = %v", err)
	}
}

// What ends a session ends it at once, and nothing else does; what is over is
// forgotten, and keys that an admin made are not.
func TestRegistrar_session_ends(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do        func(t *testing.T, d desk, id string) error
		want      error
		forgotten bool
	}{
		"disabled": {func(t *testing.T, d desk, _ string) error {
			_, err := d.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Disabled = true })
			return err
		}, control.ErrDisabled, false},
		"revoked": {func(t *testing.T, d desk, id string) error {
			_, err := d.RevokeKey(t.Context(), noon, id)
			return err
		}, control.ErrKeyRevoked, true},
		"another password": {func(t *testing.T, d desk, _ string) error {
			_, err := d.SetPassword(t.Context(), noon, "web1", "hash") // even of the same words
			return err
		}, control.ErrSignedOut, true},
		"no password":     {func(t *testing.T, d desk, _ string) error { return d.DropPassword(t.Context(), "web1") }, control.ErrSignedOut, true},
		"signed out":      {func(t *testing.T, d desk, id string) error { return d.SignOut(t.Context(), noon, id) }, control.ErrUnknownKey, true},
		"somebody else's": {func(t *testing.T, d desk, _ string) error { return d.DropPassword(t.Context(), "web2") }, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, newStore())
			for _, reporter := range []string{"web1", "web2"} {
				d.addReporter(t, reporter, control.RoleReporter)
				d.setPassword(t, reporter, "hash")
			}
			made, _ := d.addKey(t, "web1", "")
			session, token := d.signIn(t, "web1")
			if err := test.do(t, d, session.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := d.book.Authenticate(token, netip.Addr{}, noon); !errors.Is(err, test.want) {
				t.Errorf("Authenticate = %v, want %v", err, test.want)
			}
			if err := d.ForgetSessions(t.Context(), noon); err != nil {
				t.Fatal(err)
			}
			if _, known := d.book.Key(session.ID); known == test.forgotten {
				t.Errorf("the session is still known: %t", known)
			}
			if _, known := d.book.Key(made.ID); !known {
				t.Error("a key that an admin made was forgotten")
			}
		})
	}
}

// Signing in again and again fills no ledger: the oldest session ends.
func TestRegistrar_SignIn_manyTimes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	made, _ := d.addKey(t, "web1", "")
	d.setPassword(t, "web1", "hash")
	var last string
	for range 20 {
		_, last = d.signIn(t, "web1")
	}
	if count := len(d.book.Keys()); count != 1+8 {
		t.Errorf("%d keys, want the one that was made and 8 sessions", count)
	}
	if err := d.SignOut(t.Context(), noon, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, known := d.book.Key(made.ID); !known {
		t.Error("signing out deleted a key that an admin made")
	}
	if _, err := d.book.Authenticate(last, netip.Addr{}, noon); err != nil {
		t.Errorf("the newest session: %v", err)
	}
}

// The audit tells that a password was set, changed and taken away, and no hash.
func TestRegistrar_audit_password(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleReporter)
	begun := len(s.audit)
	d.setPassword(t, "web1", "$argon2id$one")
	d.setPassword(t, "web1", "$argon2id$two")
	if err := d.DropPassword(t.Context(), "web1"); err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, event := range s.audit[begun:] {
		actions = append(actions, event.Action+" "+event.Object)
	}
	if got := strings.Join(actions, ", "); got != "add password/web1, change password/web1, remove password/web1" {
		t.Errorf("the audit tells %s", got)
	}
	if told, err := json.Marshal(s.audit); err != nil || strings.Contains(string(told), "argon2id") {
		t.Errorf("the audit tells a hash: %s, %v", told, err)
	}
}

// Who was paused stays paused, however often it signs out and in again, until
// the pause is over or an admin ends it; and that leaves one session behind.
func TestRegistrar_SignIn_paused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "anna", control.RoleReporter)
	d.setPassword(t, "anna", "hash")
	first, token := d.signIn(t, "anna")
	until := noon.Add(24 * time.Hour)
	if _, err := d.PauseKey(t.Context(), noon, first.ID, until, "a burst"); err != nil {
		t.Fatal(err)
	}
	if again, _ := d.signIn(t, "anna"); !again.Paused.Until.Equal(until) || again.Paused.Why != "a burst" {
		t.Errorf("beside a paused session: %+v", again.Paused)
	}
	for range 12 {
		for _, key := range d.book.Keys() {
			if err := d.SignOut(t.Context(), noon, key.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.book.Authenticate(token, netip.Addr{}, noon); err == nil {
			t.Error("a session is taken after it was signed out")
		}
		if err := d.ForgetSessions(t.Context(), noon.Add(12*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if keys := d.book.Keys(); len(keys) != 1 {
			t.Errorf("%d keys are kept, want the one that remembers the pause", len(keys))
		}
		var again control.Key
		if again, token = d.signIn(t, "anna"); !again.Paused.Holds(noon) {
			t.Fatal("signing out and in ended the pause")
		}
	}
	if _, err := d.ResumeKey(t.Context(), d.book.Keys()[0].ID); err != nil {
		t.Fatal(err)
	}
	if again, _ := d.signIn(t, "anna"); again.Paused.Holds(noon) {
		t.Error("an admin ended the pause, and the next session is paused")
	}
	if err := d.ForgetSessions(t.Context(), until); err != nil || len(d.book.Keys()) != 0 {
		t.Errorf("when all is over %d sessions are kept, %v", len(d.book.Keys()), err)
	}
}
