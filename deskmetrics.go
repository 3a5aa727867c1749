package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// deskMetrics tells monitoring what waits for people: requests for removal, and
// webhooks that do not get through. Every full node tells it of all nodes, for it
// stands in the ledger.
type deskMetrics struct {
	front *front

	removals, removalWait           *prometheus.Desc
	webhookFailing, webhooksStopped *prometheus.Desc
}

var _ prometheus.Collector = (*deskMetrics)(nil)

func newDeskMetrics(front *front) *deskMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("penaltybox_"+name, help, labels, nil)
	}
	return &deskMetrics{
		front:           front,
		removals:        desc("removals_open", "Requests for removal that wait for a moderator."),
		removalWait:     desc("removal_wait_seconds", "For how long the oldest of them waits; 0: none does."),
		webhookFailing:  desc("webhook_failing_seconds", "For how long a webhook has not got through; 0: it does.", "webhook"),
		webhooksStopped: desc("webhooks_stopped", "Webhooks whose receivers want no more (410)."),
	}
}

// Describe implements prometheus.Collector.
func (m *deskMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{m.removals, m.removalWait, m.webhookFailing, m.webhooksStopped} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *deskMetrics) Collect(out chan<- prometheus.Metric) {
	node := m.front.node.Load()
	if node == nil {
		return
	}
	if _, full := node.board.(*scoring.Scoreboard); !full {
		return
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	now := node.now()
	open, wait := openRemovals(node.book, now)
	gauge(m.removals, float64(open))
	gauge(m.removalWait, wait.Seconds())
	stopped := 0
	for _, webhook := range node.book.Webhooks() {
		if !webhook.Stopped.IsZero() {
			stopped++
			continue
		}
		failing := time.Duration(0)
		if since := node.book.WebhookState(webhook.Name).Failing; !since.IsZero() {
			failing = max(0, now.Sub(since))
		}
		gauge(m.webhookFailing, failing.Seconds(), webhook.Name)
	}
	gauge(m.webhooksStopped, float64(stopped))
}

// openRemovals counts the requests that wait for a moderator, and tells for how
// long the oldest does.
func openRemovals(book *control.Book, now time.Time) (open int, wait time.Duration) {
	for _, removal := range book.Removals(now) {
		if removal.Open(now) {
			open++
			wait = max(wait, now.Sub(removal.Asked))
		}
	}
	return open, wait
}
