package apacheerror_test

import (
	"testing"
	"time"

	"penaltybox/parsers/apacheerror"
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
	return apacheerror.New(event.Setting{Clock: clock})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() sampletest.Recogniser { return newRecogniser(t) })
}

// Whatever a client's words are, they name nobody else.
func FuzzRecogniser(f *testing.F) {
	sampletest.Forge(f, func() sampletest.Recogniser { return newRecogniser(f) },
		`[Sun Nov 22 10:00:00.123456 2026] [core:error] [pid 42] [client 192.0.2.66:41866] AH10244: invalid URI path ({}), referer: {}`,
		`[Sun Nov 22 10:00:00.123456 2026] [core:info] [pid 42] [client 192.0.2.66:41866] AH00128: File does not exist: /var/www/{}`,
		`[Sun Nov 22 10:00:00.105212 2026] [core:error] [pid 42] [client 192.0.2.66:55280] AH00126: Invalid URI in request {} HTTP/1.1, referer: {}`,
	)
}

// ordinary is a line of a day on which nobody attacks.
const ordinary = `[Sun Nov 22 10:00:00.123456 2026] [mpm_event:notice] [pid 42:tid 43] AH00489: Apache/2.4.58 (Debian) configured -- resuming normal operations`

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
