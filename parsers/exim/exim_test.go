package exim_test

import (
	"testing"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/exim"
	"penaltybox/parsers/internal/sampletest"
	"penaltybox/parsers/logline"
)

func newRecogniser(tb interface{ Fatal(...any) }) sampletest.Recogniser {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	clock, err := logline.NewClock(time.UTC, func() time.Time { return now })
	if err != nil {
		tb.Fatal(err)
	}
	return exim.New(event.Setting{Clock: clock})
}

func TestRecogniser_samples(t *testing.T) {
	sampletest.Run(t, func() sampletest.Recogniser { return newRecogniser(t) })
}

// Whatever a client's words are, they name nobody else.
func FuzzRecogniser(f *testing.F) {
	sampletest.Forge(f, func() sampletest.Recogniser { return newRecogniser(f) },
		`2026-11-22 10:00:00 SMTP call from ([203.0.113.9]) [192.0.2.66] dropped: too many unrecognized commands (last was "{}")`,
		`2026-11-22 10:00:00 H=(x) [192.0.2.66] F=<{}> rejected RCPT <{}>: relay not permitted`,
		`2026-11-22 10:00:00 login authenticator failed for (x) [192.0.2.66]: 535 Incorrect authentication data (set_id={})`,
		// helo_accept_junk_hosts, and an ident server of the client's.
		`2026-11-22 10:00:00 H=({}) [192.0.2.66]:41866 I=[192.0.2.1]:25 F=<{}> rejected RCPT <{}>: relay not permitted`,
		`2026-11-22 10:00:00 SMTP call from host.example ({}) [192.0.2.66] U={} dropped: too many nonmail commands (last was "{}")`,
		`2026-11-22 10:00:00 H=({}) [192.0.2.66] F=<{}> rejected RCPT <{}>: Unrouteable address`,
		`2026-11-22 10:00:00 login authenticator failed for H=({}) [192.0.2.66]: 535 Incorrect authentication data (set_id={})`,
		`2026-11-22 10:00:00 SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[192.0.2.66] U={} input="{}"`,
		`2026-11-22 10:00:00 SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "{}" H=({}) [192.0.2.66] next input="{}"`,
	)
}

// ordinary is a line of a day on which nobody attacks.
const ordinary = `2026-11-22 10:00:00 1aBcDe-0000Xy-2A <= a@example.net H=host.example [203.0.113.9] P=esmtp S=1234`

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
