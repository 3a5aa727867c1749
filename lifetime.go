package main

import (
	"fmt"
	"time"

	"penaltybox/scoring"
)

// lifetime is a flag for how long something lasts. Not given it means for ever,
// or as usual; so none at all, which a script may reckon out, is refused.
type lifetime scoring.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *lifetime) UnmarshalText(text []byte) error {
	parsed, err := scoring.ParseDuration(string(text))
	if err != nil {
		return err
	}
	if time.Duration(parsed) < time.Second {
		return fmt.Errorf("duration %q: want at least 1s", text)
	}
	*l = lifetime(parsed)
	return nil
}

// String writes it for the API, "" for none.
func (l lifetime) String() string {
	if l == 0 {
		return ""
	}
	return scoring.Duration(l).String()
}
