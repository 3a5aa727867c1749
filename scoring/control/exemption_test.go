package control_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
)

func TestRegistrar_Exempt(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, prefix, want string }{
		{"address", "203.0.113.7/32", "203.0.113.7/32"},
		{"masked", "203.0.113.7/24", "203.0.113.0/24"},
		{"mapped address", "::ffff:203.0.113.7/128", "203.0.113.7/32"},
		{"mapped network", "::ffff:203.0.113.0/120", "203.0.113.0/24"},
		{"IPv6 address widens to what is scored", "2001:db8::1/128", "2001:db8::/64"},
		{"IPv6 network", "2001:db8:1::/48", "2001:db8:1::/48"},
		{"widest IPv4", "10.0.0.0/8", "10.0.0.0/8"},
		{"widest IPv6", "2001::/16", "2001::/16"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			d := newDesk(t, s)
			given := scoring.Exemption{
				Prefix: netip.MustParsePrefix(test.prefix), Reason: "ours", By: "admin",
				Expires: noon.Add(time.Hour + time.Millisecond),
			}
			want := scoring.Exemption{
				Prefix: netip.MustParsePrefix(test.want), Reason: "ours", By: "admin",
				Expires: noon.Add(time.Hour), At: noon,
			}
			if got, err := d.Exempt(t.Context(), noon, given, false); err != nil || got != want {
				t.Errorf("Exempt = %+v, %v, want %+v", got, err, want)
			}
			if all := newDesk(t, s).book.Exemptions(); len(all) != 1 || all[0] != want {
				t.Errorf("read again: %+v, want %+v", all, want)
			}
			// It can be taken back in the form in which it was given.
			if err := d.Unexempt(t.Context(), given.Prefix); err != nil {
				t.Errorf("Unexempt: %v", err)
			}
			if all := newDesk(t, s).book.Exemptions(); len(all) != 0 {
				t.Errorf("after Unexempt: %+v", all)
			}
			if err := d.Unexempt(t.Context(), given.Prefix); !errors.Is(err, scoring.ErrNotFound) {
				t.Errorf("Unexempt again: %v, want ErrNotFound", err)
			}
		})
	}
}

func TestRegistrar_Exempt_again(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	prefix := netip.MustParsePrefix("203.0.113.0/24")
	for _, reason := range []string{"office", "old office"} {
		if _, err := d.Exempt(t.Context(), noon, scoring.Exemption{Prefix: prefix, Reason: reason}, false); err != nil {
			t.Fatal(err)
		}
	}
	if all := d.book.Exemptions(); len(all) != 1 || all[0].Reason != "old office" {
		t.Errorf("exemptions %+v, want the newer one alone", all)
	}
	if err := d.Unexempt(t.Context(), prefix); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exempt(t.Context(), noon, scoring.Exemption{Prefix: prefix, Reason: "office"}, false); err != nil {
		t.Errorf("exempting what was exempt once: %v", err)
	}
}

func TestRegistrar_Exempt_refused(t *testing.T) {
	t.Parallel()
	good := scoring.Exemption{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Reason: "ours"}
	tests := []struct {
		name string
		with func(*scoring.Exemption)
		want string
	}{
		{"no prefix", func(e *scoring.Exemption) { e.Prefix = netip.Prefix{} }, "want an address or prefix"},
		{"all of IPv4, mapped, and more", func(e *scoring.Exemption) { e.Prefix = netip.MustParsePrefix("::ffff:0:0/95") }, "want an address or prefix"},
		{"no reason", func(e *scoring.Exemption) { e.Reason = "" }, "reason: want"},
		{"long reason", func(e *scoring.Exemption) { e.Reason = strings.Repeat("x", 201) }, "reason: want"},
		{"over", func(e *scoring.Exemption) { e.Expires = noon }, "in the past"},
		{"wide IPv4", func(e *scoring.Exemption) { e.Prefix = netip.MustParsePrefix("202.0.0.0/7") }, "force"},
		{"all of IPv4", func(e *scoring.Exemption) { e.Prefix = netip.MustParsePrefix("0.0.0.0/0") }, "force"},
		{"all of IPv4, mapped", func(e *scoring.Exemption) { e.Prefix = netip.MustParsePrefix("::ffff:0:0/96") }, "force"},
		{"wide IPv6", func(e *scoring.Exemption) { e.Prefix = netip.MustParsePrefix("2000::/15") }, "force"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			d := newDesk(t, s)
			exemption := good
			test.with(&exemption)
			_, err := d.Exempt(t.Context(), noon, exemption, false)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if s.puts != 0 {
				t.Errorf("%d records were written", s.puts)
			}
			_, err = d.Exempt(t.Context(), noon, exemption, true)
			if forced := test.want == "force"; (err == nil) != forced {
				t.Errorf("forced: %v", err)
			}
		})
	}
}
