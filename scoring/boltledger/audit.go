package boltledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"time"

	bolt "go.etcd.io/bbolt"

	"penaltybox/scoring"
)

// auditPage is how many events one transaction reads or changes.
const auditPage = 500

// AddAudit writes events that belong to no other change of the ledger, in
// order.
func (l *Ledger) AddAudit(ctx context.Context, events ...scoring.AuditEvent) error {
	err := l.submit(ctx, func(w *work) error {
		for i := range events {
			if err := w.audit(&events[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing the audit: %w", err)
	}
	return nil
}

// audit writes an event into the transaction. Its time never goes back, so that
// the order is that of the changes. An error means that the change must not
// stand either.
func (w *work) audit(event *scoring.AuditEvent) error {
	if event == nil || w.fault != nil {
		return nil
	}
	var bucket *bolt.Bucket
	var seq uint64
	text, err := scoring.EncodeAudit(*event)
	if err == nil {
		bucket, err = w.tx.CreateBucketIfNotExists(bucketAudit)
	}
	if err == nil {
		seq, err = bucket.NextSequence()
	}
	if err != nil {
		w.changed, w.fault = true, err
		return err
	}
	at := event.At
	if at.IsZero() {
		at = w.ledger.now()
	}
	milli := at.UnixMilli()
	if last, _ := bucket.Cursor().Last(); last != nil {
		milli = max(milli, auditID(last).At)
	}
	w.put(bucket, auditKey(scoring.AuditID{At: milli, Seq: seq}), text)
	return nil
}

// auditKey is where an event stands: by time, then as it came.
func auditKey(id scoring.AuditID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(id.At)), id.Seq)
}

func auditID(key []byte) scoring.AuditID {
	return scoring.AuditID{At: int64(binary.BigEndian.Uint64(key)), Seq: binary.BigEndian.Uint64(key[8:])}
}

// Audit yields the events of a range, oldest first.
func (l *Ledger) Audit(ctx context.Context, wanted scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error] {
	return func(yield func(scoring.AuditEvent, error) bool) {
		for next := auditKey(scoring.AuditID{At: wanted.From()}); next != nil; {
			var events []scoring.AuditEvent
			var err error
			events, next, err = l.auditPage(ctx, next)
			if err != nil {
				yield(scoring.AuditEvent{}, fmt.Errorf("reading the audit: %w", err))
				return
			}
			for _, event := range events {
				if wanted.Over(event.ID) || wanted.Has(event.ID) && !yield(event, nil) {
					return
				}
			}
		}
	}
}

// auditPage reads events from a key on, and tells where to go on; nil after the
// last.
func (l *Ledger) auditPage(ctx context.Context, from []byte) (events []scoring.AuditEvent, next []byte, err error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	err = l.view(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(bucketAudit)
		if bucket == nil {
			return nil
		}
		cursor := bucket.Cursor()
		for k, v := cursor.Seek(from); k != nil; k, v = cursor.Next() {
			if len(events) == auditPage {
				next = bytes.Clone(k)
				return nil
			}
			if len(k) != 16 {
				return fmt.Errorf("%w: audit event %x: %w", scoring.ErrSchema, k, errCut)
			}
			event, err := scoring.DecodeAudit(auditID(k), v)
			if err != nil {
				return err
			}
			events = append(events, event)
		}
		return nil
	})
	if err != nil {
		return nil, nil, l.unavailable("reading", err)
	}
	return events, next, nil
}

// PurgeAudit deletes the events before a moment and returns how many those
// were.
func (l *Ledger) PurgeAudit(ctx context.Context, before time.Time) (int, error) {
	return l.changeAudit(ctx, scoring.AuditRange{Until: before}, func(w *work, bucket *bolt.Bucket, event scoring.AuditEvent) (bool, error) {
		w.delete(bucket, auditKey(event.ID))
		return true, nil
	})
}

// EraseAudit takes an address or range out of every event that names it, and
// returns how many those were. The events stay: who did what and when, with
// "erased" where the address stood and without what was before and after (see
// [scoring.AuditEvent.Erase]). It is the one way to change the audit, for the
// erasure of personal data.
func (l *Ledger) EraseAudit(ctx context.Context, prefix netip.Prefix) (int, error) {
	return l.changeAudit(ctx, scoring.AuditRange{}, func(w *work, bucket *bolt.Bucket, event scoring.AuditEvent) (bool, error) {
		erased, found := event.Erase(prefix)
		if !found {
			return false, nil
		}
		text, err := scoring.EncodeAudit(erased)
		if err == nil {
			w.put(bucket, auditKey(event.ID), text)
		}
		return true, err
	})
}

// changeAudit goes through the events of a range, a page in a transaction, and
// counts those that were changed.
func (l *Ledger) changeAudit(ctx context.Context, wanted scoring.AuditRange, change func(*work, *bolt.Bucket, scoring.AuditEvent) (bool, error)) (int, error) {
	total := 0
	for next := auditKey(scoring.AuditID{}); next != nil; {
		events, after, err := l.auditPage(ctx, next)
		if err != nil {
			return total, fmt.Errorf("reading the audit: %w", err)
		}
		changed := 0
		err = l.submit(ctx, func(w *work) error {
			bucket := w.tx.Bucket(bucketAudit)
			for _, event := range events {
				if !wanted.Has(event.ID) || bucket.Get(auditKey(event.ID)) == nil {
					continue
				}
				done, err := change(w, bucket, event)
				if err != nil {
					return err
				}
				if done {
					changed++
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("changing the audit: %w", err)
		}
		total += changed
		if next = after; len(events) > 0 && wanted.Over(events[len(events)-1].ID) {
			break
		}
	}
	return total, nil
}
