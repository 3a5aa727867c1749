package reportapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"penaltybox/scoring/control"
)

// BenchmarkReport is one durable report after another.
func BenchmarkReport(b *testing.B) {
	n := newNode(b)
	i := 0
	for b.Loop() {
		i++
		body := fmt.Sprintf(`{"ip":"203.%d.%d.%d","kind":"ssh.maxauth","note":"user root"}`, i>>16&255, i>>8&255, i&255)
		n.ServeHTTP(discard{http.Header{}}, n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, body: body, headers: []string{jsonBody}}))
	}
}

// BenchmarkBulk is NDJSON, durable, told per row.
func BenchmarkBulk(b *testing.B) {
	n := newNode(b)
	const count = 10_000
	round := 0
	for b.Loop() {
		round++
		var body bytes.Buffer
		for i := range count {
			fmt.Fprintf(&body, "{\"ip\":\"203.%d.%d.%d\",\"kind\":\"ssh.maxauth\",\"time\":\"2026-11-22T09:00:00Z\",\"lineno\":%d,\"note\":\"user root\"}\n", round&255, i>>8, i&255, i)
		}
		n.ServeHTTP(discard{http.Header{}}, n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, body: body.String(), headers: []string{ndjsonBody}}))
	}
	b.ReportMetric(float64(count*b.N)/b.Elapsed().Seconds(), "rows/s")
}
