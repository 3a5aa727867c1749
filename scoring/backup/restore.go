package backup

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"penaltybox/scoring"
)

// Target is what [Restore] asks of the ledger that it fills.
type Target interface {
	Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error)
	Amend(ctx context.Context, amendment scoring.Amendment) error
	Dump(ctx context.Context) iter.Seq2[scoring.Entry, error]
	Control(ctx context.Context) ([]scoring.ControlRecord, error)
	PutControl(ctx context.Context, record scoring.ControlRecord) error
	AddAudit(ctx context.Context, events ...scoring.AuditEvent) error
}

// batch is how many incidents go into one call of the target.
const batch = 1000

// unfinished is the key of a control record that stands while a restore runs,
// so that half a ledger is not taken for a whole one.
const unfinished = "restore/unfinished"

// Restore reads a backup into an empty ledger and returns what it wrote.
// Incidents that are over at now are left out and counted; reporters keep
// their numbers.
//
// An [io.Seeker] is read twice: nothing is written unless the whole backup is
// good. Any other stream is written as it comes, and an error names how far
// that went. The errors are ErrNotBackup, ErrCut, ErrDamaged,
// scoring.ErrSchema for a newer format, ErrNotEmpty, and the target's own. A
// ledger that a failed Restore has begun to fill says so to [Unfinished] and
// must be emptied before the next try.
func Restore(ctx context.Context, r io.Reader, target Target, now time.Time) (Counts, error) {
	if err := empty(ctx, target); err != nil {
		return Counts{}, err
	}
	if seeker, ok := r.(io.ReadSeeker); ok {
		if err := verify(ctx, seeker); err != nil {
			return Counts{}, err
		}
	}
	filling := &filling{target: target, now: now}
	err := filling.from(ctx, lines(r))
	if err != nil && filling.begun {
		err = fmt.Errorf("%w (at least %d control records and %d incidents are in; empty the ledger before trying again)",
			err, filling.counts.Records, filling.counts.Incidents)
	}
	return filling.counts, err
}

// Unfinished tells whether control records are those of a ledger that a
// Restore began to fill and did not finish.
func Unfinished(records []scoring.ControlRecord) bool {
	for _, record := range records {
		if record.Key == unfinished {
			return true
		}
	}
	return false
}

// empty tells why a ledger must not be restored into.
func empty(ctx context.Context, target Target) error {
	records, err := target.Control(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading control records: %w", err)
	case Unfinished(records):
		return fmt.Errorf("%w: an earlier restore did not finish; remove its state and start with a new one", ErrNotEmpty)
	case len(records) > 0:
		return fmt.Errorf("%w: it has %d control records; restore into a new one", ErrNotEmpty, len(records))
	}
	for _, err := range target.Dump(ctx) {
		if err != nil {
			return fmt.Errorf("reading incidents: %w", err)
		}
		return fmt.Errorf("%w: it has incidents; restore into a new one", ErrNotEmpty)
	}
	return nil
}

// verify reads a backup to the end and goes back to where it began. What
// cannot be rewound after all (a pipe that is an *os.File) is not verified.
func verify(ctx context.Context, r io.ReadSeeker) error {
	start, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil // it is a stream, and read as one
	}
	for _, err := range lines(r) {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return fmt.Errorf("rewinding the backup: %w", err)
	}
	return nil
}

// filling is a restore at work.
type filling struct {
	target Target
	now    time.Time
	begun  bool
	wait   []scoring.Entry      // not yet recorded
	events []scoring.AuditEvent // not yet written
	counts Counts
}

// from fills the target from the lines of a backup, between raising the flag
// and lowering it.
func (f *filling) from(ctx context.Context, lines iter.Seq2[line, error]) error {
	for l, err := range lines {
		switch {
		case err != nil:
		case l.Record != nil:
			err = f.record(ctx, *l.Record)
		case l.Incident != nil:
			err = f.incident(ctx, *l.Incident)
		case l.Audit != nil:
			err = f.audit(ctx, *l.Audit)
		}
		if err != nil {
			return err
		}
	}
	if err := f.flush(ctx); err != nil {
		return err
	}
	if err := f.flushAudit(ctx); err != nil {
		return err
	}
	if !f.begun {
		return nil
	}
	if err := f.target.PutControl(ctx, scoring.ControlRecord{Key: unfinished, Version: 2}); err != nil {
		return fmt.Errorf("finishing: %w", err)
	}
	return nil
}

// begin raises the flag, ahead of the first write.
func (f *filling) begin(ctx context.Context) error {
	if f.begun {
		return nil
	}
	err := f.target.PutControl(ctx, scoring.ControlRecord{Key: unfinished, Version: 1, Value: []byte(`{}`)})
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	f.begun = true
	return nil
}

func (f *filling) record(ctx context.Context, l recordLine) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	if err := f.target.PutControl(ctx, l.first()); err != nil {
		return fmt.Errorf("restoring control record %q: %w", l.Key, err)
	}
	f.counts.Records++
	return nil
}

func (f *filling) incident(ctx context.Context, l incidentLine) error {
	entry := l.entry()
	if !entry.KeepUntil().After(f.now) {
		f.counts.Expired++
		return nil
	}
	if !entry.Expires.After(f.now) {
		// Only the overlay keeps it alive. A ledger would drop it before the
		// overlay comes, so it is recorded with the overlay's expiry.
		entry.Expires = entry.Amendment.Expires
	}
	f.wait = append(f.wait, entry)
	if len(f.wait) < batch {
		return nil
	}
	return f.flush(ctx)
}

// audit keeps an event with the time that it had.
func (f *filling) audit(ctx context.Context, event scoring.AuditEvent) error {
	event.ID = scoring.AuditID{}
	f.events = append(f.events, event)
	if len(f.events) < batch {
		return nil
	}
	return f.flushAudit(ctx)
}

// flushAudit writes the waiting events.
func (f *filling) flushAudit(ctx context.Context) error {
	if len(f.events) == 0 {
		return nil
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	if err := f.target.AddAudit(ctx, f.events...); err != nil {
		return fmt.Errorf("restoring the audit: %w", err)
	}
	f.counts.Audit += len(f.events)
	f.events = f.events[:0]
	return nil
}

// flush records the waiting entries and lays their overlays over them.
func (f *filling) flush(ctx context.Context) error {
	if len(f.wait) == 0 {
		return nil
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	incidents := make([]scoring.Incident, len(f.wait))
	for i, entry := range f.wait {
		incidents[i] = entry.Incident
	}
	receipts, err := f.target.Record(ctx, incidents)
	if err != nil {
		return fmt.Errorf("restoring incidents: %w", err)
	}
	if err := f.settle(ctx, receipts); err != nil {
		return err
	}
	f.wait = f.wait[:0]
	return nil
}

// settle counts what was recorded and amends it.
func (f *filling) settle(ctx context.Context, receipts []scoring.Receipt) error {
	var faults []error
	for i, entry := range f.wait {
		if err := receipts[i].Err; err != nil {
			faults = append(faults, fmt.Errorf("restoring incident %s of %s: %w", entry.ID, entry.Prefix, err))
			continue
		}
		f.counts.Incidents++
	}
	if len(faults) > 0 {
		return firstOf(faults)
	}
	for _, entry := range f.wait {
		if entry.Amendment == nil {
			continue
		}
		if err := f.target.Amend(ctx, *entry.Amendment); err != nil {
			return fmt.Errorf("restoring the amendment of incident %s of %s: %w", entry.ID, entry.Prefix, err)
		}
		f.counts.Amended++
	}
	return nil
}

// firstOf names one of many errors and how many more there are.
func firstOf(faults []error) error {
	if len(faults) == 1 {
		return faults[0]
	}
	return fmt.Errorf("%w, and %d more", faults[0], len(faults)-1)
}
