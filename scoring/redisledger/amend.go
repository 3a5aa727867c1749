package redisledger

import (
	"context"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// Amend lays an overlay over a live incident and waits until the followed sink
// has it. It fails with scoring.ErrConflict unless Amendment.Version is one
// more than the present overlay's (1 for the first), with scoring.ErrNotFound
// without the incident, and with scoring.ErrUnavailable when the ledger cannot
// be written; after that the overlay may stand nevertheless.
func (l *Ledger) Amend(ctx context.Context, amendment scoring.Amendment) error {
	if err := l.amend(ctx, amendment); err != nil {
		return fmt.Errorf("amending incident %s: %w", incidentName(amendment.Key), err)
	}
	return nil
}

func (l *Ledger) amend(ctx context.Context, amendment scoring.Amendment) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	known, err := l.lookup(ctx, []scoring.Key{amendment.Key})
	if err != nil {
		return fault(ctx, err)
	}
	entry, ok := known.Find(amendment.Key)
	if !ok || !entry.KeepUntil().After(l.Now()) {
		return scoring.ErrNotFound
	}
	if version := versionOf(entry); amendment.Version != version+1 {
		return fmt.Errorf("%w: the amendment has version %d, the present one %d", scoring.ErrConflict, amendment.Version, version)
	}
	if amendment.Note == nil && entry.Amendment != nil {
		amendment.Note = entry.Amendment.Note
	}
	c, err := l.amendCall(entry.Incident, amendment, known.raw[incidentName(amendment.Key)])
	if err != nil {
		return err
	}
	l.run(ctx, amendScript, c)
	if c.err == nil {
		l.await(ctx, []*call{c})
	}
	return c.err
}

// amendCall puts the amendment of an incident in place of the present overlay.
func (l *Ledger) amendCall(in scoring.Incident, amendment scoring.Amendment, present string) (*call, error) {
	member, err := appendMember(nil, in)
	if err != nil {
		return nil, err
	}
	audit, err := auditText(amendment.Audit)
	if err != nil {
		return nil, err
	}
	keepUntil := scoring.Entry{Incident: in, Amendment: &amendment}.KeepUntil()
	text := appendOverlay(nil, overlay{amendment, keepUntil.Truncate(time.Second)})
	told := amendment
	told.Note = nil // no follower needs it, and the feed keeps what it is given
	bare := appendOverlay(nil, overlay{told, keepUntil.Truncate(time.Second)})
	place := bucketOf(in.Prefix)
	c := l.newCall(place.shard)
	c.keys = append(c.keys, amendKey(place.shard), place.key(), detailKey(in.Key()), auditKey(place.shard))
	c.args = append(c.args, incidentName(in.Key()), present, text, member, keepUntil.Unix(), amendedEvent(member, bare), audit)
	return c, nil
}

// versionOf returns the version of an entry's overlay, 0 without one.
func versionOf(entry scoring.Entry) uint64 {
	if entry.Amendment == nil {
		return 0
	}
	return entry.Amendment.Version
}
