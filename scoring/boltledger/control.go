package boltledger

import (
	"context"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// Control returns all control records, by key.
func (l *Ledger) Control(ctx context.Context) ([]scoring.ControlRecord, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading control records: %w", context.Cause(ctx))
	}
	var records []scoring.ControlRecord
	err := l.view(func(tx *bolt.Tx) (err error) {
		records, err = controls(tx)
		return err
	})
	if err != nil {
		return nil, l.unavailable("reading", err)
	}
	return records, nil
}

func controls(tx *bolt.Tx) ([]scoring.ControlRecord, error) {
	var records []scoring.ControlRecord
	err := tx.Bucket(bucketControl).ForEach(func(k, v []byte) error {
		if len(v) < 8 {
			return fmt.Errorf("%w: control record %q: %w", scoring.ErrSchema, k, errCut)
		}
		records = append(records, scoring.ControlRecord{
			Key:     string(k),
			Version: binary.BigEndian.Uint64(v),
			Value:   append([]byte{}, v[8:]...),
		})
		return nil
	})
	return records, err
}

// PutControl writes, or with a nil Value deletes, one control record. The
// error is [scoring.ErrConflict] unless the version is one more than the
// stored one, and [scoring.ErrNotFound] for deleting with version 1 what is
// not there.
func (l *Ledger) PutControl(ctx context.Context, record scoring.ControlRecord) error {
	if record.Key == "" {
		return fmt.Errorf("writing a control record: its key is empty")
	}
	if err := l.submit(ctx, func(w *work) error { return w.putControl(record) }); err != nil {
		return fmt.Errorf("writing the control record %q: %w", record.Key, err)
	}
	return nil
}

func (w *work) putControl(record scoring.ControlRecord) error {
	key := []byte(record.Key)
	var present uint64
	if stored := w.control.Get(key); len(stored) >= 8 {
		present = binary.BigEndian.Uint64(stored)
	}
	switch {
	case record.Version != present+1:
		return fmt.Errorf("%w: it is at version %d, so the next is %d, not %d", scoring.ErrConflict, present, present+1, record.Version)
	case record.Value == nil && present == 0:
		return scoring.ErrNotFound
	case record.Value == nil:
		w.delete(w.control, key)
	default:
		w.put(w.control, key, append(binary.BigEndian.AppendUint64(nil, record.Version), record.Value...))
	}
	if err := w.audit(record.Audit); err != nil {
		return err
	}
	record.Audit = nil
	w.controls = append(w.controls, record)
	return nil
}
