package control_test

import (
	"net/netip"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

// However often a key is used, its last use is written once an hour; it protects
// nothing, is in no audit, and is there as long as the key.
func TestSightings_Key(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleReporter)
	key, _ := d.addKey(t, "web1", "")
	if got := d.book.LastUse(key.ID); got != (control.Sighting{}) {
		t.Fatalf("a key that nobody used was used: %v", got)
	}
	sightings := control.NewSightings(d.Registrar)
	audited := len(s.audit)
	office, home := netip.MustParseAddr("2001:db8:1:2::7"), netip.MustParseAddr("192.0.2.7")
	use := func(at time.Time, source netip.Addr, want control.Sighting) {
		t.Helper()
		sightings.Key(at, key.ID, source)
		if err := sightings.Write(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if got := d.book.LastUse(key.ID); got != want {
			t.Errorf("used at %v from %v: last use is %v, want %v", at, source, got, want)
		}
	}
	first := control.Sighting{Prefix: netip.MustParsePrefix("2001:db8:1:2::/64"), At: noon}
	use(noon, office, first)
	before := s.puts
	for minute := range 59 {
		use(noon.Add(time.Duration(minute)*time.Minute), home, first)
	}
	if s.puts != before {
		t.Errorf("%d writes within the hour", s.puts-before)
	}
	second := control.Sighting{Prefix: netip.MustParsePrefix("192.0.2.7/32"), At: noon.Add(time.Hour)}
	use(noon.Add(time.Hour), home, second)
	use(noon.Add(3*time.Hour), netip.Addr{}, second) // from who knows where

	if err := sightings.ForgetUnseen(t.Context(), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if got := d.book.LastUse(key.ID); got != second {
		t.Errorf("a year later the last use is %v", got)
	}
	if len(s.audit) != audited {
		t.Errorf("the audit tells of uses: %v", s.audit[audited:])
	}
	for _, e := range d.book.Exempted() {
		t.Errorf("using a key protects %v", e.Prefix)
	}
}

// Unknown keys and sessions leave no trace.
func TestSightings_Key_none(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	d.addReporter(t, "web1", control.RoleReporter)
	d.setPassword(t, "web1", "hash")
	session, _ := d.signIn(t, "web1")
	sightings, before := control.NewSightings(d.Registrar), s.puts
	for _, id := range []string{session.ID, "nobodys0", ""} {
		sightings.Key(noon, id, netip.MustParseAddr("192.0.2.7"))
	}
	if err := sightings.Write(t.Context(), noon); err != nil || s.puts != before {
		t.Errorf("Write = %v after %d writes", err, s.puts-before)
	}
}
