package watch

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"penaltybox/parsers"
	"penaltybox/parsers/submit"
)

// OutboxCounts are what was submitted.
type OutboxCounts = submit.Counts

// meters count what was read, by log.
type meters struct {
	mu    sync.Mutex
	byLog map[[2]string]*meter
}

// meter counts what was read of one log.
type meter struct {
	mu      sync.Mutex
	summary parsers.Summary
}

func newMeters() *meters { return &meters{byLog: make(map[[2]string]*meter)} }

func (m *meters) of(service, log string) *meter {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{service, log}
	if m.byLog[key] == nil {
		m.byLog[key] = &meter{}
	}
	return m.byLog[key]
}

func (m *meter) set(summary parsers.Summary) {
	summary.Refused = maps.Clone(summary.Refused)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.summary = summary
}

func (m *meter) get() parsers.Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.summary
}

// writeMetrics rewrites the metrics file until ctx ends.
func (w *watcher) writeMetrics(ctx context.Context) {
	faulty := false
	for sleep(ctx, saveEvery) {
		err := w.writeMetricsOnce()
		if err != nil && !faulty {
			w.Logger.Error("writing metrics", "file", w.Metrics, "error", err)
		}
		faulty = err != nil
	}
}

func (w *watcher) writeMetricsOnce() error { return replaceFile(w.Metrics, w.metricsText(), 0o644) }

// metricsText writes the text format of Prometheus, version 0.0.4.
func (w *watcher) metricsText() []byte {
	var text bytes.Buffer
	w.meters.mu.Lock()
	byLog := maps.Clone(w.meters.byLog)
	w.meters.mu.Unlock()
	logs := slices.SortedFunc(maps.Keys(byLog), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, metric := range []struct {
		name, help string
		value      func(parsers.Summary) int
	}{
		{"lines_total", "Lines read.", func(s parsers.Summary) int { return s.Lines }},
		{"incidents_total", "Incidents found.", func(s parsers.Summary) int { return s.Events }},
		{"refused_lines_total", "Lines that speak of an attack and prove no address.", refusedLines},
		{"bounded_total", "Incidents beyond what one address may cause in a minute.", func(s parsers.Summary) int { return s.Bounded }},
	} {
		head(&text, metric.name, metric.help, "counter")
		for _, log := range logs {
			fmt.Fprintf(&text, "penaltybox_watch_%s{service=%s,log=%s} %d\n", metric.name, label(log[0]), label(log[1]), metric.value(byLog[log].get()))
		}
	}
	if w.Outbox != nil {
		outboxText(&text, w.Outbox())
	}
	head(&text, "written_timestamp_seconds", "When this was written.", "gauge")
	fmt.Fprintf(&text, "penaltybox_watch_written_timestamp_seconds %d\n", w.Now().Unix())
	return text.Bytes()
}

func outboxText(text *bytes.Buffer, c submit.Counts) {
	head(text, "rows_total", "Incidents that the server answered, by what became of them.", "counter")
	for _, row := range []struct {
		status string
		n      int
	}{{"recorded", c.Recorded}, {"duplicate", c.Duplicates}, {"ignored", c.Ignored}, {"refused", c.Refused}, {"dropped", c.Dropped}} {
		fmt.Fprintf(text, "penaltybox_watch_rows_total{status=%q} %d\n", row.status, row.n)
	}
	head(text, "failures_total", "Attempts to submit that failed.", "counter")
	fmt.Fprintf(text, "penaltybox_watch_failures_total %d\n", c.Failures)
	head(text, "spool_rows", "Incidents that wait for the server.", "gauge")
	fmt.Fprintf(text, "penaltybox_watch_spool_rows %d\n", c.Spooled)
	head(text, "spool_bytes", "What they take on disk.", "gauge")
	fmt.Fprintf(text, "penaltybox_watch_spool_bytes %d\n", c.SpoolBytes)
	head(text, "taken_timestamp_seconds", "When the server last took incidents; 0: not yet.", "gauge")
	fmt.Fprintf(text, "penaltybox_watch_taken_timestamp_seconds %d\n", max(c.LastTaken.Unix(), 0))
}

func refusedLines(s parsers.Summary) (n int) {
	for _, lines := range s.Refused {
		n += lines
	}
	return n
}

func head(text *bytes.Buffer, name, help, kind string) {
	fmt.Fprintf(text, "# HELP penaltybox_watch_%s %s\n# TYPE penaltybox_watch_%s %s\n", name, help, name, kind)
}

// label quotes the value of a label.
func label(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(value, "?")) + `"`
}
