package control_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

const adminKey = "key/adminkey"

// safe keeps the token that a first start hands out, as a file would.
type safe struct{ token string }

func (s *safe) keep(token string) error {
	s.token = token
	return nil
}

func TestRegistrar_FirstStart(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	kept := &safe{}
	s.before = func(r scoring.ControlRecord) error {
		if r.Key == adminKey && kept.token == "" {
			t.Error("the key is stored before its token is kept: a crash now would lose it")
		}
		return nil
	}
	token, err := d.FirstStart(t.Context(), noon, kept.keep)
	if err != nil || token == "" || token != kept.token {
		t.Fatalf("FirstStart = %q, %v; kept %q", token, err, kept.token)
	}
	want := control.Identity{Reporter: control.AdminName, Number: 1, Role: control.RoleAdmin, KeyID: "adminkey"}
	for _, book := range []*control.Book{d.book, newDesk(t, s).book} {
		if got, err := book.Authenticate(token, netip.Addr{}, noon); err != nil || got != want {
			t.Errorf("Authenticate = %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestRegistrar_FirstStart_second(t *testing.T) {
	t.Parallel()
	s := newStore()
	if _, err := newDesk(t, s).FirstStart(t.Context(), noon, (&safe{}).keep); err != nil {
		t.Fatal(err)
	}
	keep := func(token string) error {
		t.Errorf("a second start keeps %q", token)
		return nil
	}
	later := newDesk(t, s)
	if token, err := later.FirstStart(t.Context(), noon, keep); err != nil || token != "" {
		t.Errorf("FirstStart = %q, %v, want no token", token, err)
	}
	if _, err := later.RevokeKey(t.Context(), noon, "adminkey"); err != nil {
		t.Fatal(err)
	}
	if token, err := newDesk(t, s).FirstStart(t.Context(), noon, keep); err != nil || token != "" {
		t.Errorf("after revoking: FirstStart = %q, %v, want no token", token, err)
	}
}

// Two nodes start on one empty ledger and both have made a key before either
// writes it: one token is good and stays kept, the other node forgets its own.
func TestRegistrar_FirstStart_race(t *testing.T) {
	t.Parallel()
	for range 50 {
		s := newStore()
		var both sync.WaitGroup
		both.Add(2)
		s.before = func(r scoring.ControlRecord) error {
			if r.Key == adminKey {
				both.Done()
				both.Wait()
			}
			return nil
		}
		var nodes sync.WaitGroup
		var safes [2]safe
		var tokens [2]string
		var errs [2]error
		desks := [2]desk{newDesk(t, s), newDesk(t, s)}
		for i := range desks {
			nodes.Go(func() {
				tokens[i], errs[i] = desks[i].FirstStart(t.Context(), noon, safes[i].keep)
			})
		}
		nodes.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		if (tokens[0] == "") == (tokens[1] == "") {
			t.Fatalf("tokens %q, want exactly one", tokens)
		}
		for i := range desks {
			if safes[i].token != tokens[i] {
				t.Errorf("node %d returns %q and keeps %q", i, tokens[i], safes[i].token)
			}
			good := tokens[0] + tokens[1]
			if _, err := desks[i].book.Authenticate(good, netip.Addr{}, noon); err != nil {
				t.Errorf("node %d does not know the good key: %v", i, err)
			}
		}
	}
}

// A ledger client sends a write again when the answer was lost, and then
// conflicts with itself. Forgetting the token then would lock everybody out.
func TestRegistrar_FirstStart_conflictsWithItself(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	s.after = func(r scoring.ControlRecord) error {
		if r.Key == adminKey {
			return fmt.Errorf("sent again: %w", scoring.ErrConflict)
		}
		return nil
	}
	kept := &safe{}
	token, err := d.FirstStart(t.Context(), noon, kept.keep)
	if err != nil || token == "" || kept.token != token {
		t.Fatalf("FirstStart = %q, %v; kept %q", token, err, kept.token)
	}
	if _, err := d.book.Authenticate(token, netip.Addr{}, noon); err != nil {
		t.Errorf("the key is not good: %v", err)
	}
}

func TestRegistrar_FirstStart_cannotKeep(t *testing.T) {
	t.Parallel()
	s := newStore()
	full := errors.New("no space left on device")
	token, err := newDesk(t, s).FirstStart(t.Context(), noon, func(string) error { return full })
	if !errors.Is(err, full) || token != "" {
		t.Errorf("FirstStart = %q, %v, want the keeper's error", token, err)
	}
	if _, stored := s.records[adminKey]; stored {
		t.Error("a key was stored that nobody could keep")
	}
	// With room again, the next start makes the key.
	if token, err := newDesk(t, s).FirstStart(t.Context(), noon, (&safe{}).keep); err != nil || token == "" {
		t.Errorf("the next FirstStart = %q, %v", token, err)
	}
}

func TestRegistrar_FirstStart_unavailable(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"reporter/admin", adminKey} {
		s := newStore()
		s.before = func(r scoring.ControlRecord) error {
			if r.Key == at {
				return scoring.ErrUnavailable
			}
			return nil
		}
		token, err := newDesk(t, s).FirstStart(t.Context(), noon, (&safe{}).keep)
		if !errors.Is(err, scoring.ErrUnavailable) || token != "" {
			t.Errorf("%s cannot be written: FirstStart = %q, %v, want ErrUnavailable", at, token, err)
		}
		s.before = nil
		if token, err := newDesk(t, s).FirstStart(t.Context(), noon, (&safe{}).keep); err != nil || token == "" {
			t.Errorf("the next FirstStart = %q, %v", token, err)
		}
	}
}
