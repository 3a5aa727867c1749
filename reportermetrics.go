package main

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// lastReports keeps when each reporter last reported, by what the ledger feeds
// this node: so it knows of reports to other nodes, and of those before a start.
type lastReports struct {
	mu sync.Mutex
	at map[scoring.ReporterNumber]int64 // Unix seconds
}

// note takes incidents, of which only the latest of each reporter counts.
func (l *lastReports) note(entries ...scoring.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = map[scoring.ReporterNumber]int64{}
	}
	for _, entry := range entries {
		if at := entry.Reported.Unix(); at > l.at[entry.Reporter] {
			l.at[entry.Reporter] = at
		}
	}
}

// noting passes entries on and notes them, some at a time: a ledger may hold
// millions.
func (l *lastReports) noting(entries iter.Seq2[scoring.Entry, error]) iter.Seq2[scoring.Entry, error] {
	const some = 1024
	return func(yield func(scoring.Entry, error) bool) {
		batch := make([]scoring.Entry, 0, some)
		defer func() { l.note(batch...) }()
		for entry, err := range entries {
			if err == nil {
				if batch = append(batch, scoring.Entry{Incident: scoring.Incident{Reporter: entry.Reporter, Reported: entry.Reported}}); len(batch) == some {
					l.note(batch...)
					batch = batch[:0]
				}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// of tells when a reporter last reported; the zero time: nothing is known.
func (l *lastReports) of(reporter scoring.ReporterNumber) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, known := l.at[reporter]; known {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// each tells all, for reporters that the book names and that may report: the
// others' silence is what somebody wanted.
func (l *lastReports) each(book *control.Book, tell func(reporter string, unix int64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for number, at := range l.at {
		name := book.ReporterName(number)
		if reporter, known := book.Reporter(name); name != "" && !(known && reporter.Disabled) {
			tell(name, at)
		}
	}
}

// countedLedger counts what becomes of each reporter's incidents, over all
// fronts: there are as many labels as reporters.
type countedLedger struct {
	intake.Ledger
	book    *control.Book
	reports *prometheus.CounterVec
}

func newCountedLedger(ledger intake.Ledger, book *control.Book, registry prometheus.Registerer) (*countedLedger, error) {
	reports := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "penaltybox_reporter_reports_total",
		Help: "Incidents that went to the ledger, by reporter and what became of them: recorded, duplicate, refused, unavailable.",
	}, []string{"reporter", "outcome"})
	return &countedLedger{ledger, book, reports}, registry.Register(reports)
}

// Record implements intake.Ledger.
func (l *countedLedger) Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	receipts, err := l.Ledger.Record(ctx, incidents)
	for i, in := range incidents {
		outcome := intake.Unavailable
		if err == nil && i < len(receipts) {
			outcome = outcomeOf(receipts[i])
		}
		l.reports.WithLabelValues(l.book.ReporterName(in.Reporter), string(outcome)).Inc()
	}
	return receipts, err
}

func outcomeOf(receipt scoring.Receipt) intake.Status {
	switch {
	case errors.Is(receipt.Err, scoring.ErrConflict), errors.Is(receipt.Err, scoring.ErrTooMany):
		return intake.Refused
	case receipt.Err != nil:
		return intake.Unavailable
	case receipt.Outcome == scoring.Duplicate:
		return intake.Duplicate
	}
	return intake.Recorded
}
