package scoring

import (
	"encoding/json"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"3s": 3 * time.Second, "90m": 90 * time.Minute, "30d": 30 * day, "1d12h": 36 * time.Hour,
		"1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond, "0s": 0, "0d": 0, "1h30m": 90 * time.Minute,
		"106751d": 106751 * day,
	} {
		if got, err := ParseDuration(text); err != nil || time.Duration(got) != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "5", "-3s", "+3s", "3 s", "d", "1w", "1h1d", "1.5d", ".5h", "1d-2h", "106752d", "999999d",
		"106751d24h", "99999999999999999999h", "9999999h", "3s\n", "३s",
	} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was taken as %s", text, got)
		}
	}
}

func TestDuration_json(t *testing.T) {
	t.Parallel()
	type settings struct{ TTL Duration }
	for text, want := range map[string]string{`{"TTL":"30d"}`: "30d", `{"TTL":"24h"}`: "1d", `{"TTL":"36h"}`: "36h0m0s", `{"TTL":"0s"}`: "0s"} {
		var s settings
		if err := json.Unmarshal([]byte(text), &s); err != nil || s.TTL.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, s.TTL, err, want)
		}
	}
	var s settings
	if err := json.Unmarshal([]byte(`{"TTL":"soon"}`), &s); err == nil {
		t.Error("took a duration of soon")
	}
}
