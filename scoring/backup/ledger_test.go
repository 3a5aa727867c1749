package backup_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"penaltybox/scoring"
	"penaltybox/scoring/backup"
)

// noon is the moment at which these stories happen.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// memory is a ledger in memory, under the contract as far as a backup needs it.
type memory struct {
	id      string
	entries map[scoring.Key]scoring.Entry
	records map[string]scoring.ControlRecord
	calls   []int // incidents of each Record call
	audit   []scoring.AuditEvent
	// refuse, if set, answers an incident with an error.
	refuse func(scoring.Incident) error
	// failing makes the named method return this error.
	failing map[string]error
}

var (
	_ backup.Source = (*memory)(nil)
	_ backup.Target = (*memory)(nil)
)

func newMemory() *memory {
	return &memory{id: "0123456789abcdef", entries: map[scoring.Key]scoring.Entry{}, records: map[string]scoring.ControlRecord{}}
}

func (m *memory) ID() string     { return m.id }
func (m *memory) Now() time.Time { return noon }

func (m *memory) Record(ctx context.Context, incidents []scoring.Incident) ([]scoring.Receipt, error) {
	if err := cmp.Or(m.failing["Record"], ctx.Err()); err != nil {
		return nil, err
	}
	m.calls = append(m.calls, len(incidents))
	receipts := make([]scoring.Receipt, len(incidents))
	for i, in := range incidents {
		if m.refuse != nil {
			receipts[i].Err = m.refuse(in)
		}
		if receipts[i].Err != nil {
			continue
		}
		if _, known := m.entries[in.Key()]; known {
			receipts[i].Outcome = scoring.Duplicate
			continue
		}
		if in.Expires.After(noon) { // a ledger may drop at once what is over
			m.entries[in.Key()] = scoring.Entry{Incident: in}
		}
	}
	return receipts, nil
}

func (m *memory) Amend(_ context.Context, a scoring.Amendment) error {
	entry, known := m.entries[a.Key]
	present := uint64(0)
	if entry.Amendment != nil {
		present = entry.Amendment.Version
	}
	switch {
	case m.failing["Amend"] != nil:
		return m.failing["Amend"]
	case !known:
		return scoring.ErrNotFound
	case a.Version != present+1:
		return scoring.ErrConflict
	}
	entry.Amendment = &a
	m.entries[a.Key] = entry
	return nil
}

func (m *memory) Dump(context.Context) iter.Seq2[scoring.Entry, error] {
	return func(yield func(scoring.Entry, error) bool) {
		if err := m.failing["Dump"]; err != nil {
			yield(scoring.Entry{}, err)
			return
		}
		for _, key := range slices.SortedFunc(maps.Keys(m.entries), compareKeys) {
			if entry := m.entries[key]; entry.KeepUntil().After(noon) && !yield(entry, nil) {
				return
			}
		}
	}
}

func (m *memory) Control(context.Context) ([]scoring.ControlRecord, error) {
	if err := m.failing["Control"]; err != nil {
		return nil, err
	}
	var all []scoring.ControlRecord
	for _, key := range slices.Sorted(maps.Keys(m.records)) {
		all = append(all, m.records[key])
	}
	return all, nil
}

func (m *memory) PutControl(_ context.Context, record scoring.ControlRecord) error {
	switch {
	case m.failing["PutControl "+record.Key] != nil:
		return m.failing["PutControl "+record.Key]
	case m.records[record.Key].Version+1 != record.Version:
		return fmt.Errorf("%q: %w", record.Key, scoring.ErrConflict)
	case record.Value == nil:
		delete(m.records, record.Key)
	default:
		m.records[record.Key] = record
	}
	return nil
}

func (m *memory) Audit(context.Context, scoring.AuditRange) iter.Seq2[scoring.AuditEvent, error] {
	return func(yield func(scoring.AuditEvent, error) bool) {
		if err := m.failing["Audit"]; err != nil {
			yield(scoring.AuditEvent{}, err)
			return
		}
		for i, event := range m.audit {
			event.ID = scoring.AuditID{At: event.At.UnixMilli(), Seq: uint64(i + 1)}
			if !yield(event, nil) {
				return
			}
		}
	}
}

func (m *memory) AddAudit(_ context.Context, events ...scoring.AuditEvent) error {
	m.audit = append(m.audit, events...)
	return m.failing["AddAudit"]
}

func compareKeys(a, b scoring.Key) int {
	return cmp.Or(a.Prefix.Compare(b.Prefix), cmp.Compare(a.ID, b.ID))
}

// add puts entries and records into the ledger as they are.
func (m *memory) add(entries ...scoring.Entry) {
	for _, entry := range entries {
		m.entries[entry.Key()] = entry
	}
}

func (m *memory) addRecords(records ...scoring.ControlRecord) {
	for _, record := range records {
		m.records[record.Key] = record
	}
}

// dump returns what a ledger dumps, in order, with overlays as a new ledger
// numbers them.
func dump(t interface{ Fatalf(string, ...any) }, source backup.Source) []scoring.Entry {
	var all []scoring.Entry
	for entry, err := range source.Dump(context.Background()) {
		if err != nil {
			t.Fatalf("dumping: %v", err)
		}
		if entry.Amendment != nil {
			first := *entry.Amendment
			first.Version = 1
			entry.Amendment = &first
		}
		all = append(all, entry)
	}
	slices.SortFunc(all, func(a, b scoring.Entry) int { return compareKeys(a.Key(), b.Key()) })
	return all
}

// audit returns the audit of a ledger without its ids.
func audit(t interface{ Fatalf(string, ...any) }, source backup.Source) []scoring.AuditEvent {
	var all []scoring.AuditEvent
	for event, err := range source.Audit(context.Background(), scoring.AuditRange{}) {
		if err != nil {
			t.Fatalf("reading the audit: %v", err)
		}
		event.ID = scoring.AuditID{}
		all = append(all, event)
	}
	return all
}

// decisions are events as they stand in a used ledger.
func decisions() []scoring.AuditEvent {
	return []scoring.AuditEvent{
		{
			At: noon.Add(-time.Hour), Who: "admin", KeyID: "adminkey", Source: netip.MustParseAddr("198.51.100.9"),
			Action: "change", Object: "policy", Before: []byte(`{"threshold":50}`), After: []byte(`{"threshold":60}`), Reason: "<too> many",
		},
		{At: noon.Add(-time.Minute), Who: "offline", Action: "backup", Object: "ledger"},
	}
}

// values returns the control records of a ledger without their versions.
func values(t interface{ Fatalf(string, ...any) }, source backup.Source) map[string]string {
	records, err := source.Control(context.Background())
	if err != nil {
		t.Fatalf("reading control records: %v", err)
	}
	all := map[string]string{}
	for _, record := range records {
		all[record.Key] = string(record.Value)
	}
	return all
}

// diff compares by value; times compare as moments.
func diff(want, got any) string {
	return gocmp.Diff(want, got,
		gocmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		gocmp.Comparer(func(a, b netip.Prefix) bool { return a == b }))
}

// entry returns an ordinary live entry about an address.
func entry(addr string, id scoring.ID) scoring.Entry {
	a := netip.MustParseAddr(addr)
	return scoring.Entry{Incident: scoring.Incident{
		Prefix: scoring.PrefixOf(a), ID: id, Kind: 1, Points: 20, Reporter: 7,
		Reported: noon.Add(-time.Hour), Expires: noon.Add(24 * time.Hour),
		Detail: scoring.Detail{Addr: a, Observed: noon.Add(-2 * time.Hour), Note: "max. authentication attempts <root> & \"x\" \u2026"},
	}}
}

// amended lays an overlay over an entry.
func amended(e scoring.Entry, change func(*scoring.Amendment)) scoring.Entry {
	a := scoring.Amendment{
		Key: e.Key(), Version: 3, Kind: e.Kind, Points: e.Points, Expires: e.Expires,
		Reason: "looked into it", By: 3, At: noon.Add(-time.Minute),
	}
	change(&a)
	e.Amendment = &a
	return e
}

// policy and reporter are control records as they stand in a used ledger.
func controls() []scoring.ControlRecord {
	return []scoring.ControlRecord{
		{Key: "policy", Version: 4, Value: []byte(`{"threshold":60}`)},
		{Key: "reporter/web1", Version: 2, Value: []byte(`{"number":2,"name":"web1","note":"<&>"}`)},
		{Key: "odd/spaces", Version: 1, Value: []byte(`{ "a" : 1 }`)},
		{Key: "odd/bytes", Version: 1, Value: []byte("\x00\xffnot json")},
		{Key: "odd/empty", Version: 9, Value: []byte{}},
	}
}

func mustWrite(t *testing.T, w interface{ Write([]byte) (int, error) }, source backup.Source) backup.Counts {
	t.Helper()
	counts, err := backup.Write(t.Context(), w, source)
	if err != nil {
		t.Fatalf("writing the backup: %v", err)
	}
	return counts
}
