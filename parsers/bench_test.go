package parsers_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"penaltybox/parsers"
)

// A whole log from reader to writer, one line in a thousand an event.
func BenchmarkRun(b *testing.B) {
	logs := map[string]func(i int) string{
		"sshd": func(i int) string {
			if i%1000 == 0 {
				return strike("203.0.113.66", i%65536)
			}
			return fmt.Sprintf("Nov 22 10:00:00 mail sshd[%d]: Failed password for root from 203.0.113.66 port 41866 ssh2\n", i)
		},
		"web": func(i int) string {
			if i%1000 == 0 {
				return probe("203.0.113.66", fmt.Sprintf("10:%02d:00", i/1000%60), "POST", "/xmlrpc.php")
			}
			return fmt.Sprintf("203.0.113.9 - - [22/Nov/2026:10:00:00 +0000] \"GET /viewtopic.php?t=%d HTTP/1.1\" 200 18342 \"https://forum.example/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n", i)
		},
	}
	const lines = 100_000
	for service, line := range logs {
		var log strings.Builder
		for i := range lines {
			log.WriteString(line(i))
		}
		b.Run(service, func(b *testing.B) {
			b.SetBytes(int64(log.Len()))
			for b.Loop() {
				if s, err := parsers.Run(b.Context(), service, strings.NewReader(log.String()), io.Discard, options); err != nil || s.Events != 100 {
					b.Fatal(s, err)
				}
			}
			b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
