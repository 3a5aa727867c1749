package dnsbl

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// A query counts in the bucket whose bound it does not exceed, and many at once
// count as many, each.
func TestLatency_observe_buckets(t *testing.T) {
	t.Parallel()
	all := newLatencies()
	all.udp.observe(5*time.Microsecond, 1)
	all.udp.observe(5*time.Microsecond+1, 2)
	all.udp.observe(-time.Second, 4) // a clock that went back
	all.tcp.observe(2*time.Second, 3)
	want := `
# HELP penaltybox_dns_response_duration_seconds Time from taking a DNS query off its socket until its answer is sent, by transport. Queries that came together count the time of all.
# TYPE penaltybox_dns_response_duration_seconds histogram
penaltybox_dns_response_duration_seconds_bucket{transport="tcp",le="5e-06"} 0
penaltybox_dns_response_duration_seconds_bucket{transport="tcp",le="1"} 0
penaltybox_dns_response_duration_seconds_bucket{transport="tcp",le="+Inf"} 3
penaltybox_dns_response_duration_seconds_sum{transport="tcp"} 6
penaltybox_dns_response_duration_seconds_count{transport="tcp"} 3
penaltybox_dns_response_duration_seconds_bucket{transport="udp",le="5e-06"} 5
penaltybox_dns_response_duration_seconds_bucket{transport="udp",le="1e-05"} 7
penaltybox_dns_response_duration_seconds_count{transport="udp"} 7
`
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(all)
	server := exposition(t, registry)
	for line := range strings.Lines(strings.TrimSpace(want)) {
		if line = strings.TrimSpace(line); !strings.Contains(server, line+"\n") {
			t.Errorf("no line %q in\n%s", line, server)
		}
	}
}

// Every answer counts once, by whichever way it went.
func TestLatency_everyAnswerCounts(t *testing.T) {
	t.Parallel()
	s := newStory(t).listen(t, "127.0.0.1:0")
	const asked = 5
	for range asked {
		for _, network := range []string{"udp", "tcp"} {
			c := client{t, network, s.Addrs()[0]}
			c.ask(listed4, dns.TypeA)        // in place, over UDP
			c.ask("bl.example.", dns.TypeNS) // by the handler
		}
	}
	for _, via := range []transport{transportUDP, transportTCP} {
		var counted uint64
		buckets := &s.metrics.latencies.of(via).buckets
		// The handler counts after it has sent.
		for deadline := time.Now().Add(10 * time.Second); counted != 2*asked && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			counted = 0
			for i := range buckets {
				counted += buckets[i].Load()
			}
		}
		if counted != 2*asked {
			t.Errorf("%d answers counted over %s, want %d", counted, via, 2*asked)
		}
		if s.metrics.latencies.of(via).nanos.Load() == 0 {
			t.Errorf("answers over %s took no time", via)
		}
	}
}

func TestMetrics_namesFollowTheRules(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	if _, err := newMetrics(registry); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	if count, err := testutil.GatherAndCount(registry, "penaltybox_dns_rate_limited_total"); err != nil || count != 2 {
		t.Errorf("%d ways of limiting before the first query, want 2 zeros: %v", count, err)
	}
}

// exposition is what a registry says in Prometheus' text format.
func exposition(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}
