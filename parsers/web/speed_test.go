package web_test

import (
	"fmt"
	"testing"

	"penaltybox/parsers/event"
)

// ordinary are lines of a day on which nobody probes for WordPress.
func ordinary() [][]byte {
	const browser = `"https://www.example.org/forum/viewforum.php?f=2" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"`
	var lines [][]byte
	for i := range 100 {
		for range 8 {
			lines = append(lines, fmt.Appendf(nil, `203.0.113.%d - - [22/Nov/2026:10:00:00 +0000] "GET /forum/viewtopic.php?t=%d HTTP/2.0" 200 18342 %s`, i, i, browser))
		}
		lines = append(lines,
			fmt.Appendf(nil, `203.0.113.%d - - [22/Nov/2026:10:00:00 +0000] "GET /images/logo%d.png HTTP/2.0" 304 0 %s`, i, i, browser),
			fmt.Appendf(nil, `203.0.113.%d - - [22/Nov/2026:10:00:00 +0000] "GET /apple-touch-icon-%d.png HTTP/2.0" 404 153 %s`, i, i, browser),
		)
	}
	return lines
}

func BenchmarkRecogniser_ignored(b *testing.B) { benchmarkLines(b, ordinary(), event.Ignored) }

func BenchmarkRecogniser_probe(b *testing.B) {
	benchmarkLines(b, [][]byte{[]byte(`203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /xmlrpc.php HTTP/1.1" 404 153 "-" "curl/8.5.0"`)}, event.Recognised)
}

func benchmarkLines(b *testing.B, lines [][]byte, want event.Outcome) {
	recogniser := newRecogniser(b)
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
