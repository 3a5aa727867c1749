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
	unsent      prometheus.Counter
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
		unsent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penaltybox_dns_unsent_replies_total",
			Help: "DNS replies that the system did not take for sending.",
		}),
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
		registerer.Register(m.queries), registerer.Register(m.discarded), registerer.Register(m.unsent),
		registerer.Register(m.connections), registerer.Register(m.rejected),
	)
}

func (m *metrics) count(zone *servedZone, via transport, result result) {
	m.counter(zone, via, result).Inc()
}

// counter returns the counter of one zone, transport and result.
func (m *metrics) counter(zone *servedZone, via transport, result result) prometheus.Counter {
	name := ""
	if zone != nil {
		name = strings.TrimSuffix(zone.Origin, ".")
	}
	return m.queries.WithLabelValues(name, string(via), string(result))
}

// discard counts a message that never became a query.
func (m *metrics) discard(reason string) { m.discarded.WithLabelValues(reason).Inc() }
