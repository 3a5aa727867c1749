package dovecot_test

import (
	"testing"
	"time"

	"penaltybox/parsers/dovecot"
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
	return dovecot.New(event.Setting{Clock: clock})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() sampletest.Recogniser { return newRecogniser(t) })
}

// Whatever a client's words are, they name nobody else.
func FuzzRecogniser(f *testing.F) {
	sampletest.Forge(f, func() sampletest.Recogniser { return newRecogniser(f) },
		`Nov 22 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 5 attempts in 30 secs): user=<{}>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1, session=<x>`,
		`Nov 22 10:00:00 mail dovecot: pop3-login: Aborted login (auth failed, 5 attempts in 30 secs): user=<{}>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1, TLS`,
		`Nov 22 10:00:00 mail dovecot: imap-login: Disconnected (no auth attempts in 2 secs): user=<{}>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1, session=<x>`,
		`Nov 22 10:00:00 mail dovecot: imap-login: Disconnected: Inactivity (auth failed, 5 attempts): user={}, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1`,
		`Nov 22 10:00:00 mail dovecot: imap-login: Login aborted: Logged out (auth failed, 5 attempts in 9 secs) (auth_failed): user=<{}>, method=PLAIN, rip=192.0.2.66, lip=192.0.2.1, TLS, sni={}`,
	)
}

// ordinary is a line of a day on which nobody attacks.
const ordinary = `Nov 22 10:00:00 mail dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.1, mpid=77, TLS, session=<x>`

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
