package boltledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"penaltybox/scoring"
)

// maxRows is how many incidents go into one transaction of a long Record, so
// that others need not wait for all of it.
const maxRows = 10_000

// row is an incident on its way into the log.
type row struct {
	incident scoring.Incident
	key      []byte
	value    []byte
}

// Record stores incidents durably, in transactions of at most 10,000, and
// returns one receipt for each, in order. Whether an id is known is decided
// exactly, also against what others record at the same moment. The error is
// [scoring.ErrUnavailable] when the disk does not take them: nothing is
// acknowledged, and sending all again is safe.
func (l *Ledger) Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	rows, err := encode(incidents)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	receipts := make([]scoring.Receipt, len(rows))
	for first := 0; first < len(rows); first += maxRows {
		end := min(first+maxRows, len(rows))
		err := l.submit(ctx, func(w *work) error {
			now := l.Now()
			w.entries = slices.Grow(w.entries, end-first)
			for i := first; i < end && w.fault == nil; i++ {
				receipts[i] = w.record(rows[i], now)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("recording: %w", err)
		}
	}
	return receipts, nil
}

// encode makes rows in the caller's goroutine: the writer has other things to
// do, and the caller may change its slice when its context has ended.
func encode(incidents []scoring.Incident) ([]row, error) {
	size := 0
	for i, in := range incidents {
		if !in.Prefix.IsValid() {
			return nil, fmt.Errorf("incident %d of %d: no prefix", i+1, len(incidents))
		}
		size += 96 + len(in.Note)
	}
	rows := make([]row, len(incidents))
	buf := make([]byte, 0, size)
	for i, in := range incidents {
		start := len(buf)
		buf = appendRow(buf, in)
		value := buf[start:len(buf):len(buf)]
		rows[i] = row{incident: in, key: keyPart(value), value: value}
	}
	return rows, nil
}

// record decides about one incident.
func (w *work) record(r row, now time.Time) scoring.Receipt {
	visible := w.ledger.sink != nil
	if _, known := w.find(r.key); known != nil {
		old, err := decodeRow(known, false)
		switch {
		case err != nil:
			w.fault = err
			return scoring.Receipt{Err: err}
		case !old.SameContent(r.incident):
			return scoring.Receipt{Err: fmt.Errorf("%w: id %s of %s is in use by an incident with other content", scoring.ErrConflict, r.incident.ID, r.incident.Prefix)}
		}
		return scoring.Receipt{Outcome: scoring.Duplicate, Visible: visible}
	}
	full, err := w.ledger.crowd.full(w.log, w.amend, r.key, now)
	switch {
	case err != nil:
		w.fault = err
		return scoring.Receipt{Err: err}
	case full:
		return scoring.Receipt{Err: fmt.Errorf("%w: %s has %d", scoring.ErrTooMany, r.incident.Prefix, scoring.MaxIncidents)}
	}
	w.append(r.key, r.value, scoring.Entry{Incident: r.incident})
	return scoring.Receipt{Outcome: scoring.Recorded, Visible: visible}
}
