package dnsbl

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// latencyBounds are the upper bounds of the buckets of a latency.
var latencyBounds = [...]time.Duration{
	5 * time.Microsecond, 10 * time.Microsecond, 25 * time.Microsecond, 50 * time.Microsecond,
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond,
	2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	100 * time.Millisecond, time.Second,
}

// latency is how long queries of one transport took, as a histogram that takes
// many queries at once.
type latency struct {
	buckets [len(latencyBounds) + 1]atomic.Uint64 // not cumulative; the last has no bound
	nanos   atomic.Uint64
}

// observe counts queries that took so long each.
func (l *latency) observe(took time.Duration, queries int) {
	took = max(took, 0)
	bucket := 0
	for bucket < len(latencyBounds) && took > latencyBounds[bucket] {
		bucket++
	}
	l.buckets[bucket].Add(uint64(queries))
	l.nanos.Add(uint64(took) * uint64(queries))
}

// latencies are the latencies of all transports.
type latencies struct {
	desc     *prometheus.Desc
	udp, tcp latency
}

var _ prometheus.Collector = (*latencies)(nil)

func newLatencies() *latencies {
	return &latencies{desc: prometheus.NewDesc("penaltybox_dns_response_duration_seconds",
		"Time from taking a DNS query off its socket until its answer is sent, by transport. Queries that came together count the time of all.",
		[]string{"transport"}, nil)}
}

// of returns the latency of a transport.
func (l *latencies) of(via transport) *latency {
	if via == transportTCP {
		return &l.tcp
	}
	return &l.udp
}

// Describe implements prometheus.Collector.
func (l *latencies) Describe(out chan<- *prometheus.Desc) { out <- l.desc }

// Collect implements prometheus.Collector.
func (l *latencies) Collect(out chan<- prometheus.Metric) {
	for _, via := range []transport{transportUDP, transportTCP} {
		from := l.of(via)
		total, cumulative := uint64(0), make(map[float64]uint64, len(latencyBounds))
		for i, bound := range latencyBounds {
			total += from.buckets[i].Load()
			cumulative[bound.Seconds()] = total
		}
		total += from.buckets[len(latencyBounds)].Load()
		sum := time.Duration(from.nanos.Load()).Seconds()
		out <- prometheus.MustNewConstHistogram(l.desc, total, sum, cumulative, string(via))
	}
}
