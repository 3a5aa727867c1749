package boltledger

import (
	"context"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// Details returns the entries with these keys, in order, with detail and
// overlay. An entry that is gone has a zero Prefix.
func (l *Ledger) Details(ctx context.Context, keys []scoring.Key) ([]scoring.Entry, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading details: %w", context.Cause(ctx))
	}
	entries := make([]scoring.Entry, len(keys))
	err := l.view(func(tx *bolt.Tx) (err error) {
		log, amend := tx.Bucket(bucketLog), tx.Bucket(bucketAmend)
		for i, key := range keys {
			if !key.Prefix.IsValid() {
				continue
			}
			row := l.row(log, appendKey(nil, key))
			if row == nil {
				continue
			}
			if entries[i], err = decodeEntry(row, amend, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, l.unavailable("reading", err)
	}
	return entries, nil
}

// row returns the row with a key, nil if there is none.
func (l *Ledger) row(log *bolt.Bucket, key []byte) []byte {
	seq, found := l.index.find(key, func(seq uint64) bool { return hasKey(log.Get(sequenceKey(seq)), key) })
	if !found {
		return nil
	}
	return log.Get(sequenceKey(seq))
}

// Dump yields every live entry with its detail, in the order of recording, as
// of one moment. Ranging must not call the same ledger.
func (l *Ledger) Dump(ctx context.Context) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		ctx, cancel := l.within(ctx)
		defer cancel()
		if err := l.dump(ctx, yield); err != nil {
			yield(scoring.Entry{}, fmt.Errorf("dumping: %w", err))
		}
	}
}

// dump returns what kept it from yielding all; nil also if yield wants no more.
func (l *Ledger) dump(ctx context.Context, yield func(scoring.Entry, error) bool) error {
	l.readers.RLock()
	defer l.readers.RUnlock()
	tx, err := l.db.Begin(false)
	if err != nil {
		return l.unavailable("reading", err)
	}
	defer tx.Rollback() // a reader has nothing to lose
	now, amend := l.Now(), tx.Bucket(bucketAmend)
	cursor := tx.Bucket(bucketLog).Cursor()
	for k, row := cursor.First(); k != nil; k, row = cursor.Next() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		entry, err := decodeEntry(row, amend, true)
		if err != nil {
			return l.unavailable("reading", err)
		}
		if entry.KeepUntil().After(now) && !yield(entry, nil) {
			return nil
		}
	}
	return nil
}
