package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"penaltybox/scoring/redisledger/redistest"
)

// BenchmarkTwoNodes_reportToDNS measures, on two nodes of one Redis, how long
// after a report to the first node was sent the second node's DNS lists the
// address. Both figures include one HTTP request and the last DNS query.
func BenchmarkTwoNodes_reportToDNS(b *testing.B) {
	redis := redistest.Start(b).URL()
	nodes := make([]*testNode, 2)
	for i := range nodes {
		flags := defaultFlags(b.TempDir())
		flags.Redis = redis
		nodes[i] = startNode(b, flags)
	}
	var delays []time.Duration
	n := 0
	for b.Loop() {
		ip := fmt.Sprintf("198.18.%d.%d", n>>8&255, n&255)
		n++
		start := time.Now()
		nodes[0].report("kind=hacked.host&ip=" + ip)
		for nodes[1].listed(ip) == nil {
			if time.Since(start) > 10*time.Second {
				b.Fatalf("%s is not listed on the second node after %s", ip, time.Since(start))
			}
		}
		delays = append(delays, time.Since(start))
	}
	slices.Sort(delays)
	b.ReportMetric(float64(delays[len(delays)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(delays[len(delays)*99/100].Microseconds())/1000, "p99-ms")
}
