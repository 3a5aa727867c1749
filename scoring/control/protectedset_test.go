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
	"penaltybox/scoring/protect"
)

func listOf(t *testing.T, text string) protect.List {
	t.Helper()
	list, err := protect.Read([]byte(text), false)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// protecting returns the set of a name as a scoreboard is given it.
func protecting(t *testing.T, book *control.Book, name string) (scoring.ProtectedSet, bool) {
	t.Helper()
	all, err := book.Protection()
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range all {
		if set.Name == name {
			return set, true
		}
	}
	return scoring.ProtectedSet{}, false
}

// A set is made, given other prefixes, told to do something else, turned off
// and removed; another node that reads the records says the same each time.
func TestRegistrar_Protect(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	made, err := d.Protect(t.Context(), noon, control.ProtectedSet{Name: "our-cdn", Source: "cdn.txt", By: "admin"}, listOf(t, "203.0.113.0/24,2027-01-31,edge\n"))
	if err != nil {
		t.Fatal(err)
	}
	if made.Action != scoring.NeverList || made.Count != 1 || made.Date != noon.Truncate(24*time.Hour) || made.At != noon || made.BuiltIn {
		t.Errorf("made %+v", made)
	}
	want := scoring.ProtectedPrefix{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Expires: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), Comment: "edge"}
	if set, _ := protecting(t, newDesk(t, s).book, "our-cdn"); len(set.Prefixes) != 1 || set.Prefixes[0] != want || set.Reason == "" {
		t.Errorf("read again: %+v", set)
	}
	if _, err := d.ChangeProtected(t.Context(), noon, "our-cdn", func(s *control.ProtectedSet) { s.Action = scoring.Refuse }); err != nil {
		t.Fatal(err)
	}
	again, err := d.Protect(t.Context(), noon, control.ProtectedSet{Name: "our-cdn"}, listOf(t, `{"name":"the CDN","version":20260131,"list":["198.51.100.0/24","203.0.113.0/24"]}`))
	if err != nil || again.Action != scoring.Refuse || again.Count != 2 || again.Title != "the CDN" || again.Date.Format(time.DateOnly) != "2026-01-31" {
		t.Errorf("updated %+v, %v; want its action kept", again, err)
	}
	if _, err := d.ChangeProtected(t.Context(), noon, "our-cdn", func(s *control.ProtectedSet) { s.Off = true }); err != nil {
		t.Fatal(err)
	}
	if set, on := protecting(t, newDesk(t, s).book, "our-cdn"); on {
		t.Errorf("off, but still there: %+v", set)
	}
	if err := d.Unprotect(t.Context(), "our-cdn"); err != nil {
		t.Fatal(err)
	}
	if err := d.Unprotect(t.Context(), "our-cdn"); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("removed again: %v", err)
	}
}

// A set that comes with the program is there without a record; it can be
// changed, replaced and brought back, but not removed.
func TestRegistrar_Protect_builtIn(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	shipped, err := d.book.ProtectedSet("cloudflare")
	if err != nil || !shipped.BuiltIn || shipped.Off || shipped.Count < 20 || shipped.Source == "" || shipped.Date.IsZero() {
		t.Fatalf("shipped as %+v, %v", shipped, err)
	}
	if err := d.Unprotect(t.Context(), "cloudflare"); !errors.Is(err, scoring.ErrConflict) || !strings.Contains(err.Error(), "turn it off") {
		t.Errorf("removed: %v", err)
	}
	off, err := d.ChangeProtected(t.Context(), noon, "cloudflare", func(s *control.ProtectedSet) { s.Off = true })
	if err != nil || !off.Off {
		t.Fatalf("turned off: %+v, %v", off, err)
	}
	if _, on := protecting(t, newDesk(t, s).book, "cloudflare"); on {
		t.Error("it protects though it is off")
	}
	if record := s.records["protect/cloudflare"]; strings.Contains(string(record.Value), "packed") {
		t.Errorf("the record %s holds prefixes that the program has", record.Value)
	}
	if _, err := d.Protect(t.Context(), noon, control.ProtectedSet{Name: "cloudflare", Source: "newer"}, listOf(t, "203.0.113.0/24\n")); err != nil {
		t.Fatal(err)
	}
	if set, _ := newDesk(t, s).book.ProtectedSet("cloudflare"); !set.BuiltIn || set.Count != 1 || set.Source != "newer" || !set.Off {
		t.Errorf("replaced: %+v; want it still off", set)
	}
	if err := d.Unprotect(t.Context(), "cloudflare"); err != nil {
		t.Fatal(err)
	}
	if set, _ := newDesk(t, s).book.ProtectedSet("cloudflare"); set.Count != shipped.Count || set.Off {
		t.Errorf("brought back: %+v", set)
	}
}

func TestRegistrar_Protect_refused(t *testing.T) {
	t.Parallel()
	for want, set := range map[string]control.ProtectedSet{
		`set "Our CDN"`: {Name: "Our CDN"},
		"title":         {Name: "x", Title: strings.Repeat("x", 201)},
		"source":        {Name: "x", Source: strings.Repeat("x", 201)},
		`action "shun"`: {Name: "x", Action: "shun"},
	} {
		s := newStore()
		_, err := newDesk(t, s).Protect(t.Context(), noon, set, listOf(t, "203.0.113.0/24\n"))
		if err == nil || !strings.Contains(err.Error(), want) || s.puts != 0 {
			t.Errorf("%+v: %v, %d records were written; want %q", set, err, s.puts, want)
		}
	}
	if _, err := newDesk(t, newStore()).ChangeProtected(t.Context(), noon, "nobody", func(*control.ProtectedSet) {}); !errors.Is(err, scoring.ErrNotFound) {
		t.Errorf("changing what is not there: %v", err)
	}
}

// A record whose prefixes cannot be read leaves the old set in place.
func TestBook_Update_brokenSet(t *testing.T) {
	t.Parallel()
	s := newStore()
	d := newDesk(t, s)
	if _, err := d.Protect(t.Context(), noon, control.ProtectedSet{Name: "x"}, listOf(t, "203.0.113.0/24\n")); err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{false, true} {
		broken, _ := json.Marshal(control.ProtectedSet{Name: "x", Action: scoring.NeverList, Packed: []byte("nonsense")})
		changed, err := d.book.Update(all, scoring.ControlRecord{Key: "protect/x", Version: 2, Value: broken})
		if err == nil {
			t.Error("a broken record is taken")
		}
		if set, _ := protecting(t, d.book, "x"); len(set.Prefixes) != 1 || all && !changed.Protected {
			t.Errorf("with all %v: %+v, changed %+v", all, set, changed)
		}
	}
}
