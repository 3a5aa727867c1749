package dnsbl

import (
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what operators see of the DNS front.
type metrics struct {
	queries     *prometheus.CounterVec
	keys        *prometheus.CounterVec
	discarded   *prometheus.CounterVec
	limited     *prometheus.CounterVec
	updates     *prometheus.CounterVec
	unsent      prometheus.Counter
	connections prometheus.Gauge
	rejected    prometheus.Counter
	latencies   *latencies
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		queries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_queries_total",
			Help: "DNS queries answered, by zone (empty: none), transport and result.",
		}, []string{"zone", "transport", "result"}),
		keys: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_key_queries_total",
			Help: "DNS queries that came with an access key, by zone and name of the key.",
		}, []string{"zone", "key"}),
		discarded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_discarded_messages_total",
			Help: "DNS messages that are no queries, by reason: reply, opcode, sections, unreadable.",
		}, []string{"reason"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_rate_limited_total",
			Help: "DNS answers over UDP beyond the client's rate, by what was sent instead: truncated, bad_cookie.",
		}, []string{"sent"}),
		updates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_dns_updates_total",
			Help: "Dynamic updates, by key that may report (empty: none) and result: recorded, duplicate, ignored, withdrawn, nothing, unmet, refused, malformed, rate_limited, unavailable, not_signed.",
		}, []string{"key", "result"}),
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
			Help: "DNS connections over TCP closed at once because too many were open, in all or of one client.",
		}),
		latencies: newLatencies(),
	}
	for _, reason := range []string{"reply", "opcode", "sections", "unreadable"} {
		m.discarded.WithLabelValues(reason) // alerts want a zero, not a gap
	}
	for _, result := range []updateResult{updateNotAllowed, updateRefused, updateMalformed} {
		m.updates.WithLabelValues("", string(result))
	}
	for _, sent := range []string{limitedTruncated, limitedBadCookie} {
		m.limited.WithLabelValues(sent)
	}
	if registerer == nil {
		return m, nil
	}
	return m, errors.Join(
		registerer.Register(m.queries), registerer.Register(m.keys), registerer.Register(m.limited), registerer.Register(m.updates),
		registerer.Register(m.discarded), registerer.Register(m.unsent),
		registerer.Register(m.connections), registerer.Register(m.rejected),
		registerer.Register(m.latencies),
	)
}

func (m *metrics) count(zone *servedZone, via transport, result result) {
	m.counter(zone, via, result).Inc()
}

// counter returns the counter of one zone, transport and result.
func (m *metrics) counter(zone *servedZone, via transport, result result) prometheus.Counter {
	return m.queries.WithLabelValues(labelOf(zone), string(via), string(result))
}

// countKey counts a query that came with an access key.
func (m *metrics) countKey(zone *servedZone, key string) {
	m.keys.WithLabelValues(labelOf(zone), key).Inc()
}

// labelOf is a zone's name in metrics; empty: none.
func labelOf(zone *servedZone) string {
	if zone == nil {
		return ""
	}
	return strings.TrimSuffix(zone.Origin, ".")
}

// discard counts a message that never became a query.
func (m *metrics) discard(reason string) { m.discarded.WithLabelValues(reason).Inc() }

// What is sent instead of an answer beyond a client's rate.
const (
	limitedTruncated = "truncated"
	limitedBadCookie = "bad_cookie"
)

// limit counts an answer beyond a client's rate.
func (m *metrics) limit(sent string) { m.limited.WithLabelValues(sent).Inc() }
