package dnsbl

import (
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what operators see of the DNS front.
type metrics struct {
	queries     *prometheus.CounterVec
	discarded   *prometheus.CounterVec
	connections prometheus.Gauge
	rejected    prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		queries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_queries_total",
			Help: "DNS queries answered, by zone (empty: none), transport and result.",
		}, []string{"zone", "transport", "result"}),
		discarded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_discarded_messages_total",
			Help: "DNS messages that are no queries, by reason: reply, opcode, sections, unreadable.",
		}, []string{"reason"}),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "penaltybox_dns_tcp_connections",
			Help: "DNS connections over TCP that are open.",
		}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penaltybox_dns_tcp_rejected_total",
			Help: "DNS connections over TCP closed at once because too many were open.",
		}),
	}
	if registerer == nil {
		return m, nil
	}
	return m, errors.Join(
		registerer.Register(m.queries), registerer.Register(m.discarded),
		registerer.Register(m.connections), registerer.Register(m.rejected),
	)
}

func (m *metrics) count(zone *servedZone, via transport, result result) {
	name := ""
	if zone != nil {
		name = strings.TrimSuffix(zone.Origin, ".")
	}
	m.queries.WithLabelValues(name, string(via), string(result)).Inc()
}

// discard counts a message that never became a query.
func (m *metrics) discard(reason string) { m.discarded.WithLabelValues(reason).Inc() }
