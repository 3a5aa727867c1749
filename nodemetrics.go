package main

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
)

// nodeMetrics tells monitoring how the node stands, from the first moment on.
// It looks when it is asked and counts nothing in between.
type nodeMetrics struct {
	front *front
	start time.Time
	clock func() time.Time // of this machine

	build, ready, lag, offset            *prometheus.Desc
	indexPrefixes, indexAnswers, indexed *prometheus.Desc
	prefixes, incidents, exemptions      *prometheus.Desc
	protected, paused                    *prometheus.Desc
	lastReport, lastBackup, clocks       *prometheus.Desc
}

var _ prometheus.Collector = (*nodeMetrics)(nil)

func newNodeMetrics(front *front, clock func() time.Time) *nodeMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("penaltybox_"+name, help, labels, nil)
	}
	return &nodeMetrics{
		front: front, start: clock(), clock: clock,
		build:         desc("build_info", "1, with the version of the program and of Go.", "version", "go_version"),
		ready:         desc("ready", "1 once everything in the ledger was loaded, 0 before."),
		lag:           desc("ledger_lag_seconds", "Time since what is served was all that the ledger holds: 0 while the ledger is followed; before the first load, since the start."),
		offset:        desc("ledger_clock_offset_seconds", "How far the ledger's clock is ahead of this machine's."),
		indexPrefixes: desc("index_prefixes", "IPv4 addresses and IPv6 /64 that at least one zone lists.", "family"),
		indexAnswers:  desc("index_answers", "Different answers over all zones that the index has met."),
		indexed:       desc("index_bytes", "Memory of the index that DNS reads."),
		prefixes:      desc("scoreboard_prefixes", "Addresses with at least one incident; not on a node for DNS alone."),
		incidents:     desc("scoreboard_incidents", "Incidents in memory, expired ones too until they are purged; not on a node for DNS alone."),
		lastReport:    desc("reporter_last_report_timestamp_seconds", "When each reporter last reported what is in the ledger, to whichever node; not on a node for DNS alone.", "reporter"),
		clocks:        desc("reporter_clock_offset_seconds", "How far each reporter's clock is ahead of the ledger's, by what it observed and reported to this node within the last half hour or hour; not on a node for DNS alone.", "reporter"),
		lastBackup:    desc("last_backup_timestamp_seconds", "When this node last gave a whole backup; 0: never. Not on a node for DNS alone."),
		paused:        desc("keys_paused", "Keys whose reports are not taken now; not on a node for DNS alone."),
		exemptions:    desc("scoreboard_exemptions", "Exemptions in memory, ended ones too; not on a node for DNS alone."),
		protected:     desc("scoreboard_protected_prefixes", "Prefixes of protected sets in memory, ended ones too; not on a node for DNS alone."),
	}
}

// Describe implements prometheus.Collector.
func (m *nodeMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		m.build, m.ready, m.lag, m.offset, m.indexPrefixes, m.indexAnswers, m.indexed, m.prefixes, m.incidents, m.exemptions,
		m.protected, m.paused, m.lastReport, m.lastBackup, m.clocks,
	} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (m *nodeMetrics) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(m.build, 1, version(), runtime.Version())
	node := m.front.node.Load()
	now := m.clock()
	if node == nil {
		gauge(m.ready, 0)
		gauge(m.lag, now.Sub(m.start).Seconds())
		return
	}
	gauge(m.offset, node.now().Sub(now).Seconds())
	ready, lag := 0.0, time.Duration(0)
	if is, _ := node.ready(); is {
		ready = 1
		if out := node.present(); out != nil {
			lag = node.now().Sub(out.since)
		}
	} else {
		lag = now.Sub(m.start)
	}
	gauge(m.ready, ready)
	gauge(m.lag, max(lag, 0).Seconds())

	index := node.board.Index().Stats()
	gauge(m.indexPrefixes, float64(index.IPv4), "ipv4")
	gauge(m.indexPrefixes, float64(index.IPv6), "ipv6")
	gauge(m.indexPrefixes, float64(index.Ranges), "range")
	gauge(m.indexAnswers, float64(index.Answers))
	gauge(m.indexed, float64(index.Bytes))
	if full, is := node.board.(*scoring.Scoreboard); is {
		stats := full.Stats()
		gauge(m.prefixes, float64(stats.Prefixes))
		gauge(m.incidents, float64(stats.Incidents))
		gauge(m.exemptions, float64(stats.Exemptions))
		gauge(m.protected, float64(stats.Protected))
		gauge(m.paused, float64(pausedKeys(node.book, node.now())))
		node.reports.each(node.book, func(reporter string, unix int64) { gauge(m.lastReport, float64(unix), reporter) })
		if in := m.front.intake.Load(); in != nil {
			for reporter, ahead := range in.ClockOffsets(node.now()) {
				gauge(m.clocks, ahead.Seconds(), reporter)
			}
		}
		if m.front.backup != nil {
			gauge(m.lastBackup, float64(m.front.backup.unix.Load()))
		}
	}
}
