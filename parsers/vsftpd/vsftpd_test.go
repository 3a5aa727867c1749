package vsftpd_test

import (
	"testing"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/internal/sampletest"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/vsftpd"
)

func newRecogniser(tb interface{ Fatal(...any) }) sampletest.Recogniser {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	clock, err := logline.NewClock(time.UTC, func() time.Time { return now })
	if err != nil {
		tb.Fatal(err)
	}
	return vsftpd.New(event.Setting{Clock: clock})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() sampletest.Recogniser { return newRecogniser(t) })
}

// Whatever a client's words are, they name nobody else.
func FuzzRecogniser(f *testing.F) {
	sampletest.Forge(f, func() sampletest.Recogniser { return newRecogniser(f) },
		`Sun Nov 22 10:00:00 2026 [pid 42] [{}] FAIL LOGIN: Client "192.0.2.66"`,
		`Sun Nov 22 10:00:00 2026 [pid 42] [{}] FAIL LOGIN: Client "192.0.2.66", "User is not in the allow user list."`,
		`Nov 22 10:00:00 host vsftpd(pam_unix)[42]: authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=192.0.2.66 user={}`,
		`Nov 22 10:00:00 host vsftpd[4242]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser={} rhost=192.0.2.66  user={}`,
	)
}

// ordinary is a line of a day on which nobody attacks.
const ordinary = `Sun Nov 22 10:00:00 2026 [pid 42] [alice] OK UPLOAD: Client "203.0.113.9", "/x", 123 bytes, 4.5Kbyte/sec`

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
