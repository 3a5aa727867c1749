package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"time"

	"github.com/klauspost/compress/zstd"

	"penaltybox/scoring"
)

// Source is what [Write] asks of a ledger.
type Source interface {
	ID() string
	Now() time.Time
	Control(ctx context.Context) ([]scoring.ControlRecord, error)
	Dump(ctx context.Context) iter.Seq2[scoring.Entry, error]
	Audit(ctx context.Context, wanted scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error]
}

// Redacted returns a source without the details of what was reported before a
// moment: notes that the policy keeps no longer, which the ledger may not have
// dropped yet.
func Redacted(source Source, reportedBefore time.Time) Source {
	return redacted{source, reportedBefore}
}

type redacted struct {
	Source
	before time.Time
}

// Dump implements [Source].
func (r redacted) Dump(ctx context.Context) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		for entry, err := range r.Source.Dump(ctx) {
			if !yield(entry.Redacted(r.before), err) {
				return
			}
		}
	}
}

// Write writes all of a ledger: control records, live incidents, overlays, and the
// audit. It
// returns what it wrote. Without a nil error the stream lacks its trailer, and
// [Restore] will refuse it.
func Write(ctx context.Context, w io.Writer, source Source) (Counts, error) {
	encoder, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return Counts{}, fmt.Errorf("writing the backup: %w", err)
	}
	counts, err := writeLines(ctx, newLineWriter(encoder), source)
	if err != nil {
		return counts, err
	}
	if err := encoder.Close(); err != nil {
		return counts, fmt.Errorf("writing the backup: %w", err)
	}
	return counts, nil
}

func writeLines(ctx context.Context, w *lineWriter, source Source) (Counts, error) {
	var counts Counts
	if err := w.write(header{Version: Version, Ledger: source.ID(), Made: source.Now().UTC().Truncate(time.Second)}); err != nil {
		return counts, err
	}
	records, err := source.Control(ctx)
	if err != nil {
		return counts, fmt.Errorf("reading control records: %w", err)
	}
	if Unfinished(records) {
		return counts, errors.New("an earlier restore into this ledger did not finish; its backup would pass for a whole one")
	}
	for _, record := range records {
		if err := w.write(line{Record: recordLineOf(record)}); err != nil {
			return counts, err
		}
		counts.Records++
	}
	for entry, err := range source.Dump(ctx) {
		if err != nil {
			return counts, fmt.Errorf("reading incidents: %w", err)
		}
		if err := w.write(line{Incident: incidentLineOf(entry)}); err != nil {
			return counts, err
		}
		counts.Incidents++
		if entry.Amendment != nil {
			counts.Amended++
		}
	}
	if err := writeAudit(ctx, w, source, &counts); err != nil {
		return counts, err
	}
	if err := ctx.Err(); err != nil { // a source that just stops is no whole one
		return counts, fmt.Errorf("reading incidents: %w", context.Cause(ctx))
	}
	return counts, w.write(line{End: &trailer{Counts: counts, Sum: w.sum()}})
}

func writeAudit(ctx context.Context, w *lineWriter, source Source, counts *Counts) error {
	for event, err := range source.Audit(ctx, scoring.AuditRange{}) {
		if err != nil {
			return fmt.Errorf("reading the audit: %w", err)
		}
		if err := w.write(line{Audit: &event}); err != nil {
			return err
		}
		counts.Audit++
	}
	return nil
}

// lineWriter writes values as lines of JSON and sums them up.
type lineWriter struct {
	hash hash.Hash
	json *json.Encoder
}

func newLineWriter(w io.Writer) *lineWriter {
	sum := sha256.New()
	encoder := json.NewEncoder(io.MultiWriter(w, sum))
	encoder.SetEscapeHTML(false)
	return &lineWriter{hash: sum, json: encoder}
}

func (w *lineWriter) write(value any) error {
	if err := w.json.Encode(value); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}

// sum returns the checksum of all lines so far.
func (w *lineWriter) sum() string { return hex.EncodeToString(w.hash.Sum(nil)) }
