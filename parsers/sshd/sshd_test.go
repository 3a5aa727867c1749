package sshd_test

import (
	"testing"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/internal/sampletest"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/sshd"
)

// readAt is when the samples are read.
var readAt = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func newRecogniser(tb interface{ Fatal(...any) }) *sshd.Recogniser {
	clock, err := logline.NewClock(time.UTC, func() time.Time { return readAt })
	if err != nil {
		tb.Fatal(err)
	}
	return sshd.New(event.Setting{Clock: clock})
}

// hardRecogniser looks for hard kinds only, as by default.
func hardRecogniser(tb interface{ Fatal(...any) }) *sshd.Recogniser {
	clock, err := logline.NewClock(time.UTC, func() time.Time { return readAt })
	if err != nil {
		tb.Fatal(err)
	}
	return sshd.New(event.Setting{Clock: clock, Tier: event.Hard})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() *sshd.Recogniser { return newRecogniser(t) })
}
