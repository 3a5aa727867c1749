package scoring_test

import (
	"testing"
	"time"

	"penaltybox/scoring"
)

func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{
		"", "203.0.113.7", "203.0.113.7/32", "203.0.113.0/24", "::ffff:203.0.113.7", "::ffff:203.0.113.7/128",
		"2001:db8::1", "2001:db8::1/64", "2001:db8::1%eth0", "2001:db8::1/128", "203.0.113.007", "1.2.3.4:22", "example.com",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, prefix, err := scoring.ParseTarget(text)
		if err != nil {
			if addr.IsValid() || prefix.IsValid() {
				t.Errorf("ParseTarget(%q) refuses, yet returns %s, %s", text, addr, prefix)
			}
			return
		}
		if addr.Is4In6() || addr.Zone() != "" || prefix != scoring.PrefixOf(addr) || !prefix.Contains(addr) {
			t.Errorf("ParseTarget(%q) = %s, %s", text, addr, prefix)
		}
		if again, scored, err := scoring.ParseTarget(addr.String()); err != nil || again != addr || scored != prefix {
			t.Errorf("ParseTarget(%q) = %s, which reads as %s, %s, %v", text, addr, again, scored, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"", "0s", "3s", "30d", "1d12h", "90m", "1.5h", "0.0001s", "106751d", "106752d", "999999d", "-1h", "1h1d", "9223372036854775807ns"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := scoring.ParseDuration(text)
		if err != nil {
			return
		}
		if d < 0 {
			t.Errorf("ParseDuration(%q) = %s", text, time.Duration(d))
		}
		// A policy is kept as text: what was taken must be read again.
		if again, err := scoring.ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("ParseDuration(%q) = %s, which reads as %s, %v", text, d, again, err)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	for _, seed := range []string{"", "1_0000000000000001_203.0.113.7", "-1_ffffffffffffffff_2001:db8::", "1_1_1", "9999999999999999999_0000000000000001_::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := scoring.ParseCursor(text)
		if err != nil {
			return
		}
		if again, err := scoring.ParseCursor(cursor.String()); err != nil || again != cursor {
			t.Errorf("ParseCursor(%q) = %v, which reads as %v, %v", text, cursor, again, err)
		}
	})
}
