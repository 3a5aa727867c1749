package sshd_test

import (
	"fmt"
	"testing"

	"penaltybox/parsers/event"
	"penaltybox/parsers/sshd"
)

// ordinary are lines of a day on which nobody attacks, or not hard enough.
func ordinary() [][]byte {
	var lines [][]byte
	for i := range 500 {
		lines = append(lines,
			fmt.Appendf(nil, "Nov 22 10:00:00 host sshd[%d]: Failed password for invalid user admin from 203.0.113.%d port 41866 ssh2", 4000+i, i%256),
			fmt.Appendf(nil, "2026-11-22T10:00:00.123456+00:00 host sshd-session[%d]: Connection closed by 203.0.113.%d port 41866 [preauth]", 4000+i, i%256),
			fmt.Appendf(nil, "Nov 22 10:00:00 host CRON[%d]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", 4000+i),
		)
	}
	return lines
}

func BenchmarkRecogniser_ignored(b *testing.B) {
	benchmarkLines(b, hardRecogniser(b), ordinary(), event.Ignored)
}

func BenchmarkRecogniser_allKinds(b *testing.B) {
	recogniser, lines, n := newRecogniser(b), ordinary(), 0
	for b.Loop() {
		recogniser.Recognise(lines[n%len(lines)])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkRecogniser_maxAuth(b *testing.B) {
	benchmarkLines(b, newRecogniser(b), [][]byte{[]byte(syslogLine(maxAuth("admin", "error: ")))}, event.Recognised)
}

func benchmarkLines(b *testing.B, recogniser *sshd.Recogniser, lines [][]byte, want event.Outcome) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, outcome := recogniser.Recognise(lines[n%len(lines)]); outcome != want {
			b.Fatalf("%s: %v", lines[n%len(lines)], outcome)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}
