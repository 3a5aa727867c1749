package webhook

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// meters count what became of events, by webhook.
type meters struct {
	events   *prometheus.CounterVec
	attempts *prometheus.CounterVec
	sending  *prometheus.GaugeVec
}

func newMeters(registry prometheus.Registerer) (*meters, error) {
	m := &meters{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_webhook_events_total", Help: "Events by webhook and what became of them: delivered or dropped.",
		}, []string{"webhook", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penaltybox_webhook_attempts_total", Help: "Requests to receivers by webhook and outcome: delivered or failed.",
		}, []string{"webhook", "outcome"}),
		sending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penaltybox_webhook_sending", Help: "1 while this node sends for the webhook.",
		}, []string{"webhook"}),
	}
	return m, errors.Join(registry.Register(m.events), registry.Register(m.attempts), registry.Register(m.sending))
}
