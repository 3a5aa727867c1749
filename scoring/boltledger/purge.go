package boltledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// purgeAfter is how long an expired incident is kept, so that clocks
	// that disagree a little do not.
	purgeAfter = time.Hour
	// purgeRows bounds a transaction that deletes.
	purgeRows = 500
)

// Purge deletes what expired more than an hour before now, with its overlay,
// in transactions of at most 500, and returns how many incidents that were.
func (l *Ledger) Purge(ctx context.Context, now time.Time) (int, error) {
	ctx, cancel := l.within(ctx)
	defer cancel()
	before := now.Add(-purgeAfter)
	total := 0
	for from := uint64(0); ; {
		dead, next, err := l.dead(ctx, from, before)
		if err != nil {
			return total, fmt.Errorf("purging: %w", err)
		}
		if len(dead) > 0 {
			purged := 0
			err = l.submit(ctx, func(w *work) (err error) {
				purged, err = w.purge(dead, before)
				return err
			})
			if err != nil {
				return total, fmt.Errorf("purging: %w", err)
			}
			total += purged
		}
		if next == 0 {
			return total, nil
		}
		from = next
	}
}

// dead collects up to purgeRows rows that expired before a moment, and where
// to go on; 0 after the last.
func (l *Ledger) dead(ctx context.Context, from uint64, before time.Time) (dead []uint64, next uint64, err error) {
	err = l.db.View(func(tx *bolt.Tx) error {
		amend, cursor := tx.Bucket(bucketAmend), tx.Bucket(bucketLog).Cursor()
		for k, row := cursor.Seek(sequenceKey(from)); k != nil; k, row = cursor.Next() {
			if len(dead) == purgeRows {
				next = sequence(k)
				return nil
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			expired, err := expiredBefore(row, amend, before)
			if err != nil {
				return err
			}
			if expired {
				dead = append(dead, sequence(k))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.Cause(ctx)) {
		err = l.unavailable("reading", err)
	}
	return dead, next, err
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

// purge deletes rows that are still there and still expired.
func (w *work) purge(dead []uint64, before time.Time) (purged int, err error) {
	for _, seq := range dead {
		row := w.log.Get(sequenceKey(seq))
		if row == nil {
			continue
		}
		expired, err := expiredBefore(row, w.amend, before)
		if err != nil {
			return purged, err
		}
		if !expired {
			continue
		}
		key := append([]byte{}, keyPart(row)...)
		w.delete(w.log, sequenceKey(seq))
		w.delete(w.amend, key)
		w.removed[seq] = key
		purged++
	}
	return purged, nil
}
