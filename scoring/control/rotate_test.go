package control_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// Both keys are taken within the overlap; thereafter the new one alone, which
// may what the old one may.
func TestRegistrar_RotateKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	sources := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	old, oldToken, err := d.AddKey(t.Context(), noon, control.KeyOrder{
		Reporter: "web1", Label: "shipper", Scopes: control.ScopesOf(control.ScopeReport), Sources: sources, Expires: noon.AddDate(1, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	key, token, err := d.RotateKey(t.Context(), noon, old.ID, 24*time.Hour)
	if err != nil || key.ID == old.ID || key.Label != "shipper" || key.Scopes != old.Scopes || len(key.Sources) != 1 || !key.Expires.Equal(old.Expires) {
		t.Fatalf("RotateKey = %+v, %v", key, err)
	}
	home := netip.MustParseAddr("192.0.2.7")
	for _, step := range []struct {
		after    time.Duration
		old, new error
	}{
		{0, nil, nil},
		{24*time.Hour - time.Second, nil, nil},
		{24 * time.Hour, control.ErrKeyExpired, nil},
		{366 * 24 * time.Hour, control.ErrKeyExpired, control.ErrKeyExpired},
	} {
		if _, err := d.book.Authenticate(oldToken, home, noon.Add(step.after)); !errors.Is(err, step.old) {
			t.Errorf("after %v the old key: %v, want %v", step.after, err, step.old)
		}
		if _, err := d.book.Authenticate(token, home, noon.Add(step.after)); !errors.Is(err, step.new) {
			t.Errorf("after %v the new key: %v, want %v", step.after, err, step.new)
		}
	}
}

// An overlap prolongs no key, and what is over is not made anew.
func TestRegistrar_RotateKey_ends(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	old, _, err := d.AddKey(t.Context(), noon, control.KeyOrder{Reporter: "web1", Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.RotateKey(t.Context(), noon, old.ID, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if after, _ := d.book.Key(old.ID); !after.Expires.Equal(old.Expires) {
		t.Errorf("the old key now expires %v, want %v", after.Expires, old.Expires)
	}
	keys := len(d.book.Keys())
	for id, want := range map[string]error{old.ID: scoring.ErrConflict, "nobodys0": scoring.ErrNotFound} {
		if _, _, err := d.RotateKey(t.Context(), noon.Add(time.Hour), id, 0); !errors.Is(err, want) {
			t.Errorf("RotateKey(%s) = %v, want %v", id, err, want)
		}
	}
	if _, _, err := d.RotateKey(t.Context(), noon, old.ID, -time.Second); err == nil {
		t.Error("a negative overlap was taken")
	}
	if got := len(d.book.Keys()); got != keys {
		t.Errorf("%d keys after refusals, want %d", got, keys)
	}
}
