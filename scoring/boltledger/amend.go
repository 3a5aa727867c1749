package boltledger

import (
	"context"
	"fmt"

	"penaltybox/scoring"
)

// Amend lays an overlay over an incident. The error is [scoring.ErrNotFound]
// without the incident, and [scoring.ErrConflict] unless the version is one
// more than that of the present overlay.
func (l *Ledger) Amend(ctx context.Context, amendment scoring.Amendment) error {
	if err := l.submit(ctx, func(w *work) error { return w.overlay(amendment) }); err != nil {
		return fmt.Errorf("amending %s %s: %w", amendment.Prefix, amendment.ID, err)
	}
	return nil
}

func (w *work) overlay(amendment scoring.Amendment) error {
	key := appendKey(nil, amendment.Key)
	_, row := w.find(key)
	if row == nil {
		return scoring.ErrNotFound
	}
	entry, err := decodeEntry(row, w.amend, false)
	if err != nil {
		return err
	}
	var present uint64
	if entry.Amendment != nil {
		present = entry.Amendment.Version
	}
	if amendment.Version != present+1 {
		return fmt.Errorf("%w: it is at version %d, so the next is %d, not %d", scoring.ErrConflict, present, present+1, amendment.Version)
	}
	if amendment.Note == nil && entry.Amendment != nil {
		amendment.Note = entry.Amendment.Note
	}
	w.put(w.amend, key, appendOverlay(nil, amendment))
	if err := w.audit(amendment.Audit); err != nil {
		return err
	}
	amendment.Audit = nil
	w.ledger.crowd.forget(key)
	entry.Amendment = &amendment
	w.tell(entry)
	return nil
}
