package named_test

import (
	"testing"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/internal/sampletest"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/named"
)

func newRecogniser(tb interface{ Fatal(...any) }) *named.Recogniser {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	clock, err := logline.NewClock(time.UTC, func() time.Time { return now })
	if err != nil {
		tb.Fatal(err)
	}
	return named.New(event.Setting{Clock: clock})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() *named.Recogniser { return newRecogniser(t) })
}

// Without the query log nothing is named, whatever a client asks for; a query
// by UDP is no proof either.
func FuzzRecogniser(f *testing.F) {
	const front = "22-Nov-2026 10:00:00.123 client @0x7f 192.0.2.66#41866 "
	sampletest.Forge(f, func() *named.Recogniser { return newRecogniser(f) },
		front+"({}): query: {} IN AXFR - (192.0.2.1)",
		front+"({}): zone transfer '{}/AXFR/IN' denied",
	)
}

func TestRecogniser_ignored_doesNotAllocate(t *testing.T) {
	recogniser, line := newRecogniser(t), []byte("22-Nov-2026 10:00:00.123 client @0x7f 203.0.113.9#41866 (example.org): query: example.org IN A + (192.0.2.1)")
	if allocs := testing.AllocsPerRun(100, func() { recogniser.Recognise(line) }); allocs != 0 {
		t.Errorf("%v allocations for an ignored line, want none", allocs)
	}
}
