package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"penaltybox/scoring"
)

// Store is what the registrar asks of a ledger.
type Store interface {
	Control(ctx context.Context) ([]scoring.ControlRecord, error)
	PutControl(ctx context.Context, record scoring.ControlRecord) error
}

// Registrar writes control records. It works with a book that a ledger feeds,
// and with one that nobody feeds (a stopped ledger): after each write it
// brings the book up to date itself.
type Registrar struct {
	book  *Book
	store Store
}

// NewRegistrar returns a registrar that writes to store what book then tells.
func NewRegistrar(book *Book, store Store) *Registrar {
	return &Registrar{book: book, store: store}
}

// Load reads all records into the book: for a book that no ledger feeds.
func (r *Registrar) Load(ctx context.Context) error {
	records, err := r.store.Control(ctx)
	if err != nil {
		return fmt.Errorf("reading control records: %w", err)
	}
	_, err = r.book.Update(true, records...)
	return err
}

// attempts bounds how often a write is tried again when other nodes win.
const attempts = 8

// change writes one record. make returns the new value (nil deletes) from the
// book as it stands; it is asked again when another node was faster.
func (r *Registrar) change(ctx context.Context, key string, make func() (any, error)) error {
	for range attempts {
		version := r.book.version(key)
		value, err := make()
		if err != nil {
			return err
		}
		record := scoring.ControlRecord{Key: key, Version: version + 1}
		if value != nil {
			if record.Value, err = json.Marshal(value); err != nil {
				return fmt.Errorf("writing control record %q: %w", key, err)
			}
		}
		if key != nextRecord { // a counter, which only ever goes with another change
			record.Audit = eventOf(ctx, key, r.book.value(key), record.Value)
		}
		err = r.store.PutControl(ctx, record)
		if err == nil {
			_, err = r.book.Update(false, record)
			return err
		}
		if !errors.Is(err, scoring.ErrConflict) {
			return fmt.Errorf("writing control record %q: %w", key, err)
		}
		if err := r.Load(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("writing control record %q: %w: other nodes keep changing it; try again", key, scoring.ErrConflict)
}

// AddReporter makes a reporter who is as any other of its role. A name that
// exists is ErrConflict.
func (r *Registrar) AddReporter(ctx context.Context, now time.Time, name string, role Role) (Reporter, error) {
	return r.Enrol(ctx, now, Reporter{Name: name, Role: role})
}

// Enrol makes a reporter as described, with the next free number. A name that
// exists is ErrConflict.
func (r *Registrar) Enrol(ctx context.Context, now time.Time, reporter Reporter) (Reporter, error) {
	name := reporter.Name
	reporter.Number, reporter.Created = adminNumber, now.UTC().Truncate(time.Second)
	if err := reporter.Validate(); err != nil {
		return Reporter{}, err
	}
	exists := func() error {
		if _, ok := r.book.Reporter(name); ok {
			return fmt.Errorf("reporter %q exists: %w", name, scoring.ErrConflict)
		}
		return nil
	}
	if err := exists(); err != nil {
		return Reporter{}, err
	}
	err := r.change(ctx, nextRecord, func() (any, error) {
		reporter.Number = r.book.nextNumber()
		if reporter.Number > scoring.MaxReporters {
			return nil, fmt.Errorf("reporter %q: all %d numbers are given out", name, scoring.MaxReporters)
		}
		return reporter.Number + 1, nil
	})
	if err != nil {
		return Reporter{}, err
	}
	return reporter, r.change(ctx, reporterRecords+name, func() (any, error) { return reporter, exists() })
}

func (b *Book) nextNumber() scoring.ReporterNumber {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.next
}

// ChangeReporter changes a reporter's role or disables it; its number and name
// stay.
func (r *Registrar) ChangeReporter(ctx context.Context, name string, change func(*Reporter)) (Reporter, error) {
	return r.changeReporter(ctx, name, nil, change)
}

// ChangeReporterAt is ChangeReporter of a version that was read before; when
// the reporter was changed since, it is ErrConflict.
func (r *Registrar) ChangeReporterAt(ctx context.Context, name string, version uint64, change func(*Reporter)) (Reporter, error) {
	return r.changeReporter(ctx, name, &version, change)
}

func (r *Registrar) changeReporter(ctx context.Context, name string, read *uint64, change func(*Reporter)) (Reporter, error) {
	var changed Reporter
	err := r.change(ctx, reporterRecords+name, func() (any, error) {
		reporter, version, ok := r.book.ReporterAt(name)
		if !ok {
			return nil, fmt.Errorf("reporter %q: %w", name, scoring.ErrNotFound)
		}
		if read != nil && *read != version {
			return nil, fmt.Errorf("reporter %q was changed since it was read: %w", name, scoring.ErrConflict)
		}
		changed = reporter
		change(&changed)
		changed.Number, changed.Name = reporter.Number, reporter.Name
		return changed, changed.Validate()
	})
	return changed, err
}

// AddKey makes a key for a reporter and returns its token, which is shown once
// and not kept. The role and the scopes narrow what the reporter may.
func (r *Registrar) AddKey(ctx context.Context, now time.Time, order KeyOrder) (Key, string, error) {
	owner, ok := r.book.Reporter(order.Reporter)
	if !ok {
		return Key{}, "", fmt.Errorf("reporter %q: %w", order.Reporter, scoring.ErrNotFound)
	}
	if order.Role == "" {
		order.Role = owner.Role
	}
	if _, err := ParseRole(string(order.Role)); err != nil {
		return Key{}, "", err
	}
	if !owner.Role.AtLeast(order.Role) {
		return Key{}, "", fmt.Errorf("role %q: more than reporter %q has (%s)", order.Role, order.Reporter, owner.Role)
	}
	key, token, err := newKey("", order, now)
	if err != nil {
		return Key{}, "", err
	}
	err = r.change(ctx, keyRecords+key.ID, func() (any, error) { return key, nil })
	return key, token, err
}

// RevokeKey ends a key at once. The record stays, so that its use is told as
// revoked.
func (r *Registrar) RevokeKey(ctx context.Context, now time.Time, id string) (Key, error) {
	return r.changeKey(ctx, id, func(key *Key) {
		if key.Revoked.IsZero() {
			key.Revoked = now.UTC().Truncate(time.Second)
		}
	})
}

func (b *Book) key(id string) (Key, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	k, ok := b.keys[id]
	return k, ok
}

// SetPolicy replaces the policy by what change makes of the present one, if
// that is valid.
func (r *Registrar) SetPolicy(ctx context.Context, change func(scoring.Policy) (scoring.Policy, error)) (scoring.Policy, error) {
	var policy scoring.Policy
	err := r.change(ctx, policyRecord, func() (any, error) {
		var err error
		if policy, err = change(r.book.Policy()); err != nil {
			return nil, err
		}
		return policy, policy.Validate()
	})
	return policy, err
}
