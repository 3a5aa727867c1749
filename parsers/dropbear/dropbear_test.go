package dropbear_test

import (
	"testing"
	"time"

	"penaltybox/parsers/dropbear"
	"penaltybox/parsers/event"
	"penaltybox/parsers/internal/sampletest"
	"penaltybox/parsers/logline"
)

func newRecogniser(tb interface{ Fatal(...any) }) sampletest.Recogniser {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	clock, err := logline.NewClock(time.UTC, func() time.Time { return now })
	if err != nil {
		tb.Fatal(err)
	}
	return dropbear.New(event.Setting{Clock: clock})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() sampletest.Recogniser { return newRecogniser(t) })
}

// Whatever a client's words are, they name nobody else.
func FuzzRecogniser(f *testing.F) {
	sampletest.Forge(f, func() sampletest.Recogniser { return newRecogniser(f) },
		`Nov 22 10:00:00 host dropbear[4242]: Exit before auth (user '{}', 10 fails): Max auth tries reached - user '{}' from 192.0.2.66:41866`,
		`Nov 22 10:00:00 host dropbear[4242]: Exit before auth from <192.0.2.66:41866>: (user '{}', 10 fails): Max auth tries reached - user '{}'`,
		`Nov 22 10:00:00 host dropbear[4242]: Exit before auth (user '{}', 1 fails): Client trying multiple usernames from 192.0.2.66:41866`,
		`Nov 22 10:00:00 host dropbear[4242]: Exit before auth from <192.0.2.66:41866>: (user '{}', 1 fails): Client trying multiple usernames`,
		`Nov 22 10:00:00 host dropbear[4242]: Login attempt with wrong user {} from 192.0.2.66:41866`,
		`Nov 22 10:00:00 host dropbear[4242]: Bad password attempt for '{}' from 192.0.2.66:41866`,
	)
}

// ordinary is a line of a day on which nobody attacks.
const ordinary = `Nov 22 10:00:00 host dropbear[4242]: Child connection from 203.0.113.9:41866`

func TestRecogniser_ignored_doesNotAllocate(t *testing.T) {
	recogniser, line := newRecogniser(t), []byte(ordinary)
	if allocs := testing.AllocsPerRun(100, func() { recogniser.Recognise(line) }); allocs != 0 {
		t.Errorf("%v allocations for an ignored line, want none", allocs)
	}
}

func BenchmarkRecogniser_ignored(b *testing.B) {
	recogniser, line := newRecogniser(b), []byte(ordinary)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, outcome := recogniser.Recognise(line); outcome != event.Ignored {
			b.Fatal(outcome)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}
