package protect_test

import (
	"slices"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// What comes with the program says where it is from and of which day it is, is
// sorted, names nothing twice, nothing that is special and nothing so wide that
// it shields strangers.
func TestBuiltIns(t *testing.T) {
	t.Parallel()
	all, err := protect.BuiltIns()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range all {
		names = append(names, b.Name)
		if b.Title == "" || b.Source == "" || b.Date.Before(time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: title %q, source %q, date %s", b.Name, b.Title, b.Source, b.Date)
		}
		for i, p := range b.Prefixes {
			least := 11
			if p.Prefix.Addr().Is6() {
				least = 24
			}
			if _, special := scoring.Special(p.Prefix.Addr()); special || p.Prefix.Bits() < least {
				t.Errorf("%s: %s is special or very wide", b.Name, p.Prefix)
			}
			if i > 0 && b.Prefixes[i-1].Prefix.Overlaps(p.Prefix) {
				t.Errorf("%s: %s overlaps the one before", b.Name, p.Prefix)
			}
		}
	}
	for _, want := range []string{"cloudflare", "fastly", "akamai", "googlebot", "bingbot", "google-mail", "microsoft-mail", "public-resolvers"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
}
