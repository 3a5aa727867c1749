package main

import (
	"strings"
	"testing"
	"time"
)

func TestForeignFlags(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "15m": 15 * time.Minute, "1s": time.Second, "24h": 24 * time.Hour} {
		got, err := foreignFlags{CompatOnce: text, AbuseIPDBStrict: true}.read()
		if err != nil || got.Once != want || !got.AbuseIPDBStrict {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"0s", "-1m", "25h", "soon"} {
		if _, err := (foreignFlags{CompatOnce: text}).read(); err == nil || !strings.Contains(err.Error(), "compat-once") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
