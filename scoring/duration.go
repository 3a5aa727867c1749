package scoring

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// Duration is a time.Duration that people write with days: "30d", "36h",
// "3s", "1d12h".
type Duration time.Duration

var durationParts = regexp.MustCompile(`^(?:(\d{1,6})d)?((?:\d+(?:\.\d+)?(?:h|m|s|ms|µs|ns))*)$`)

// ParseDuration reads "30d", "1d12h", or what time.ParseDuration takes.
// Negative durations are refused.
func ParseDuration(text string) (Duration, error) {
	parts := durationParts.FindStringSubmatch(text)
	if parts == nil || text == "" {
		return 0, fmt.Errorf("duration %q: want such as 3s, 90m, 12h or 30d", text)
	}
	var total time.Duration
	if parts[1] != "" {
		days, err := strconv.Atoi(parts[1])
		if err != nil || days > int(math.MaxInt64/int64(day)) {
			return 0, fmt.Errorf("duration %q: too long", text)
		}
		total = time.Duration(days) * day
	}
	if parts[2] != "" {
		rest, err := time.ParseDuration(parts[2])
		if err != nil || rest > math.MaxInt64-total {
			return 0, fmt.Errorf("duration %q: too long", text)
		}
		total += rest
	}
	return Duration(total), nil
}

// String writes days when the duration is whole days, else as time.Duration.
func (d Duration) String() string {
	if d != 0 && time.Duration(d)%day == 0 {
		return strconv.FormatInt(int64(time.Duration(d)/day), 10) + "d"
	}
	return time.Duration(d).String()
}

// MarshalText writes the duration as [Duration.String] does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the duration as [ParseDuration] does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
