package boltledger

import (
	"context"
	"errors"

	bolt "go.etcd.io/bbolt"
)

// passRows bounds a transaction that goes over old rows.
const passRows = 500

// pass goes once over the log, and has change work on the rows that are wanted
// in transactions of at most passRows. It returns how many there were. A row
// that is no longer wanted when its turn comes is left alone.
func (l *Ledger) pass(ctx context.Context, wanted func(row []byte, amend *bolt.Bucket) (bool, error), change func(w *work, seq uint64, row []byte) error) (int, error) {
	ctx, cancel := l.within(ctx)
	defer cancel()
	total := 0
	for from := uint64(0); ; {
		found, next, err := l.pick(ctx, from, wanted)
		if err != nil {
			return total, err
		}
		if len(found) > 0 {
			changed := 0
			err = l.submit(ctx, func(w *work) (err error) {
				changed, err = w.each(found, wanted, change)
				return err
			})
			if err != nil {
				return total, err
			}
			total += changed
		}
		if next == 0 {
			return total, nil
		}
		from = next
	}
}

// pick collects up to passRows rows that are wanted, and where to go on; 0
// after the last.
func (l *Ledger) pick(ctx context.Context, from uint64, wanted func(row []byte, amend *bolt.Bucket) (bool, error)) (found []uint64, next uint64, err error) {
	err = l.view(func(tx *bolt.Tx) error {
		amend, cursor := tx.Bucket(bucketAmend), tx.Bucket(bucketLog).Cursor()
		for k, row := cursor.Seek(sequenceKey(from)); k != nil; k, row = cursor.Next() {
			if len(found) == passRows {
				next = sequence(k)
				return nil
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			is, err := wanted(row, amend)
			if err != nil {
				return err
			}
			if is {
				found = append(found, sequence(k))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.Cause(ctx)) {
		err = l.unavailable("reading", err)
	}
	return found, next, err
}

// each changes the rows that are still there and still wanted.
func (w *work) each(found []uint64, wanted func(row []byte, amend *bolt.Bucket) (bool, error), change func(w *work, seq uint64, row []byte) error) (changed int, err error) {
	for _, seq := range found {
		row := w.log.Get(sequenceKey(seq))
		if row == nil {
			continue
		}
		is, err := wanted(row, w.amend)
		if err != nil {
			return changed, err
		}
		if !is {
			continue
		}
		if err := change(w, seq, row); err != nil {
			return changed, err
		}
		changed++
	}
	return changed, nil
}
