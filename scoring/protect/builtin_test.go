package protect_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// Addresses out of the midst of the networks that everybody meets are protected,
// of IPv6 too: a network that lost its length would be a /64 alone.
func TestBuiltIns_hold(t *testing.T) {
	t.Parallel()
	all, err := protect.BuiltIns()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ set, address string }{
		{"akamai", "23.45.6.7"},
		{"akamai", "2405:9600:1::7"},
		{"akamai", "2a02:26f0:1180:7::7"},
		{"cloudflare", "104.16.132.229"},
		{"cloudflare", "2400:cb00:2048:1::7"},
		{"cloudflare", "2606:4700::6810:84e5"},
		{"cloudflare", "2803:f800:50::7"},
		{"cloudflare", "2c0f:f248:1::7"},
		{"fastly", "151.101.1.69"},
		{"fastly", "2a04:4e40:10::7"},
		{"fastly", "2a04:4e42:600::313"},
		{"google-mail", "2a00:1450:4000:7::7"},
		{"microsoft-mail", "2a01:111:f403:c111::7"},
	} {
		held := func(p scoring.ProtectedPrefix) bool { return p.Prefix.Contains(netip.MustParseAddr(test.address)) }
		for _, b := range all {
			if b.Name == test.set && !slices.ContainsFunc(b.Prefixes, held) {
				t.Errorf("%s does not hold %s", b.Name, test.address)
			}
		}
	}
}

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
