package control_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

func TestBook_Authenticate(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	reporter := d.addReporter(t, "web1", control.RoleModerator)
	key, token := d.addKey(t, "web1", control.RoleReporter)
	got, err := d.book.Authenticate(token, netip.Addr{}, noon)
	want := control.Identity{Reporter: "web1", Number: reporter.Number, Role: control.RoleReporter, KeyID: key.ID}
	if err != nil || got != want {
		t.Errorf("Authenticate = %+v, %v, want %+v", got, err, want)
	}
}

// The key's role stands while the reporter has it; a demoted reporter's keys
// are demoted with it.
func TestBook_Authenticate_demoted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleAdmin)
	_, token := d.addKey(t, "web1", "")
	_, err := d.ChangeReporter(t.Context(), "web1", func(r *control.Reporter) { r.Role = control.RoleReader })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.book.Authenticate(token, netip.Addr{}, noon); err != nil || got.Role != control.RoleReader {
		t.Errorf("Authenticate = %+v, %v, want the role reader", got, err)
	}
}

func TestBook_Authenticate_refused(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleReporter)
	d.addReporter(t, "off1", control.RoleReporter)
	ctx := t.Context()

	revoked, revokedToken := d.addKey(t, "web1", "")
	if _, err := d.RevokeKey(ctx, noon, revoked.ID); err != nil {
		t.Fatal(err)
	}
	_, expiredToken, err := d.AddKey(ctx, noon.Add(-time.Hour), control.KeyOrder{Reporter: "web1", Expires: noon})
	if err != nil {
		t.Fatal(err)
	}
	_, disabledToken := d.addKey(t, "off1", "")
	if _, err := d.ChangeReporter(ctx, "off1", func(r *control.Reporter) { r.Disabled = true }); err != nil {
		t.Fatal(err)
	}
	known, knownToken := d.addKey(t, "web1", "")
	otherSecret, _ := control.NewToken(known.ID)
	unknown, _ := control.NewToken("")

	tests := []struct {
		name, token string
		want        error
	}{
		{"nothing", "", control.ErrMalformedKey},
		{"cut", knownToken[:20], control.ErrMalformedKey},
		{"unknown id", unknown, control.ErrUnknownKey},
		{"known id, other secret", otherSecret, control.ErrUnknownKey},
		{"revoked", revokedToken, control.ErrKeyRevoked},
		{"expired", expiredToken, control.ErrKeyExpired},
		{"reporter disabled", disabledToken, control.ErrDisabled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := d.book.Authenticate(test.token, netip.Addr{}, noon)
			if !errors.Is(err, test.want) || got != (control.Identity{}) {
				t.Errorf("Authenticate = %+v, %v, want %v", got, err, test.want)
			}
		})
	}
}

// A stranger who knows an id must not learn whether its key was revoked.
func TestBook_Authenticate_revokedOtherSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	key, _ := d.addKey(t, "web1", "")
	if _, err := d.RevokeKey(t.Context(), noon, key.ID); err != nil {
		t.Fatal(err)
	}
	forged, _ := control.NewToken(key.ID)
	if _, err := d.book.Authenticate(forged, netip.Addr{}, noon); !errors.Is(err, control.ErrUnknownKey) {
		t.Errorf("Authenticate = %v, want ErrUnknownKey", err)
	}
}

func TestBook_Authenticate_reporterGone(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleAdmin)
	_, token := d.addKey(t, "web1", "")
	mustUpdate(t, d.book, false, scoring.ControlRecord{Key: "reporter/web1", Version: 2})
	if got, err := d.book.Authenticate(token, netip.Addr{}, noon); err == nil {
		t.Errorf("Authenticate = %+v though the reporter is gone", got)
	}
}

// A record without a hash must not open with any secret.
func TestBook_Authenticate_noHash(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleAdmin)
	token, id := control.NewToken("")
	for _, hash := range [][]byte{nil, {}, make([]byte, 32), make([]byte, 31)} {
		mustUpdate(t, d.book, true,
			record(t, "reporter/web1", 1, control.Reporter{Number: 2, Name: "web1", Role: control.RoleAdmin}),
			record(t, "key/"+id, 1, control.Key{ID: id, Reporter: "web1", Role: control.RoleAdmin, Hash: hash}))
		if got, err := d.book.Authenticate(token, netip.Addr{}, noon); !errors.Is(err, control.ErrUnknownKey) {
			t.Errorf("hash %x: Authenticate = %+v, %v", hash, got, err)
		}
	}
}

// The exact second of expiry is over already.
func TestKey_Live(t *testing.T) {
	t.Parallel()
	key := control.Key{Expires: noon}
	if !key.Live(noon.Add(-time.Second)) || key.Live(noon) {
		t.Error("a key that expires at noon lives until noon, exclusive")
	}
	if forever := (control.Key{}); !forever.Live(noon.AddDate(100, 0, 0)) {
		t.Error("a key without expiry expired")
	}
	if revoked := (control.Key{Revoked: noon.Add(time.Hour)}); revoked.Live(noon) {
		t.Error("a revoked key lives")
	}
}

func BenchmarkBook_Authenticate(b *testing.B) {
	book := control.NewBook()
	s := newStore()
	registrar := control.NewRegistrar(book, s)
	if _, err := registrar.AddReporter(b.Context(), noon, "web1", control.RoleReporter); err != nil {
		b.Fatal(err)
	}
	_, token, err := registrar.AddKey(b.Context(), noon, control.KeyOrder{Reporter: "web1"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := book.Authenticate(token, netip.Addr{}, noon); err != nil {
			b.Fatal(err)
		}
	}
}
