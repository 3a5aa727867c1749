package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// noon is the moment at which most of these stories begin.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// store keeps control records in memory under the contract of a ledger.
type store struct {
	mu      sync.Mutex
	records map[string]scoring.ControlRecord
	puts    int
	audit   []scoring.AuditEvent
	// before, if set, runs ahead of each write, without the lock; an error
	// stops the write.
	before func(record scoring.ControlRecord) error
	// after, if set, runs behind each write; its error is what the writer
	// hears, though the write stands.
	after func(record scoring.ControlRecord) error
}

func newStore() *store {
	return &store{records: map[string]scoring.ControlRecord{}}
}

func (s *store) Control(ctx context.Context) ([]scoring.ControlRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", scoring.ErrUnavailable, err)
	}
	var all []scoring.ControlRecord
	for _, record := range s.records {
		all = append(all, record)
	}
	return all, nil
}

func (s *store) PutControl(ctx context.Context, record scoring.ControlRecord) error {
	if s.before != nil {
		if err := s.before(record); err != nil {
			return err
		}
	}
	if err := s.put(record); err != nil {
		return err
	}
	if s.after != nil {
		return s.after(record)
	}
	return ctx.Err()
}

func (s *store) put(record scoring.ControlRecord) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records[record.Key].Version+1 != record.Version {
		return fmt.Errorf("control record %q: %w", record.Key, scoring.ErrConflict)
	}
	s.puts++
	if record.Audit != nil {
		s.audit = append(s.audit, *record.Audit)
	}
	record.Audit = nil
	if record.Value == nil {
		delete(s.records, record.Key)
	} else {
		s.records[record.Key] = record
	}
	return nil
}

// record builds the record of a value.
func record(t *testing.T, key string, version uint64, value any) scoring.ControlRecord {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("writing record %s: %v", key, err)
	}
	return scoring.ControlRecord{Key: key, Version: version, Value: text}
}

// desk is a registrar with its book, on one store.
type desk struct {
	*control.Registrar
	book *control.Book
}

func newDesk(t *testing.T, s *store) desk {
	t.Helper()
	book := control.NewBook()
	registrar := control.NewRegistrar(book, s)
	if err := registrar.Load(t.Context()); err != nil {
		t.Fatalf("loading the book: %v", err)
	}
	return desk{registrar, book}
}

func (d desk) addReporter(t *testing.T, name string, role control.Role) control.Reporter {
	t.Helper()
	reporter, err := d.AddReporter(t.Context(), noon, name, role)
	if err != nil {
		t.Fatalf("adding reporter %s: %v", name, err)
	}
	return reporter
}

func (d desk) addKey(t *testing.T, reporter string, role control.Role) (control.Key, string) {
	t.Helper()
	key, token, err := d.AddKey(t.Context(), noon, control.KeyOrder{Reporter: reporter, Role: role})
	if err != nil {
		t.Fatalf("adding a key for %s: %v", reporter, err)
	}
	return key, token
}
