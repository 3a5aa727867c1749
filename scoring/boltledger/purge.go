package boltledger

import (
	"context"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// purgeAfter is how long an expired incident is kept, so that clocks that
// disagree a little do not.
const purgeAfter = time.Hour

// Purge deletes what expired more than an hour before now, with its overlay,
// in transactions of at most 500, and returns how many incidents that were.
func (l *Ledger) Purge(ctx context.Context, now time.Time) (int, error) {
	before := now.Add(-purgeAfter)
	expired := func(row []byte, amend *bolt.Bucket) (bool, error) { return expiredBefore(row, amend, before) }
	purged, err := l.pass(ctx, expired, (*work).remove)
	if err == nil {
		err = l.tidy(ctx, purged)
	}
	if err != nil {
		return purged, fmt.Errorf("purging: %w", err)
	}
	return purged, nil
}

// expiredBefore tells whether a row and its overlay expired before a moment.
func expiredBefore(row []byte, amend *bolt.Bucket, before time.Time) (bool, error) {
	in, err := decodeRow(row, false)
	if err != nil || !in.Expires.Before(before) {
		return false, err
	}
	entry, err := decodeEntry(row, amend, false)
	return err == nil && entry.KeepUntil().Before(before), err
}

// remove deletes a row with its overlay.
func (w *work) remove(seq uint64, row []byte) error {
	key := append([]byte{}, keyPart(row)...)
	w.delete(w.log, sequenceKey(seq))
	w.delete(w.amend, key)
	w.removed[seq] = key
	return nil
}
