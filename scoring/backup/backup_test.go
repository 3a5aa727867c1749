package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/backup"
)

// used returns a ledger with something of everything.
func used() *memory {
	m := newMemory()
	m.addRecords(controls()...)
	note := "not our customer"
	bare := entry("203.0.113.4", 4)
	bare.Detail = scoring.Detail{}
	m.add(
		entry("203.0.113.1", 1),
		entry("203.0.113.1", 0xfedcba9876543210),
		entry("2001:db8::dead:beef", 2),
		bare,
		amended(entry("203.0.113.5", 5), func(a *scoring.Amendment) { a.Points, a.Note, a.Expires = 1, &note, noon.Add(time.Hour) }),
		amended(entry("203.0.113.6", 6), func(a *scoring.Amendment) { a.Withdrawn = true }),
		amended(entry("203.0.113.7", 7), func(a *scoring.Amendment) { a.Expires = noon.Add(-time.Hour) }),
	)
	m.audit = decisions()
	return m
}

func TestBackup_roundTrip(t *testing.T) {
	t.Parallel()
	source, target := used(), newMemory()
	var file bytes.Buffer
	written := mustWrite(t, &file, source)
	want := backup.Counts{Records: 5, Incidents: 7, Amended: 3, Audit: 2}
	if written != want {
		t.Errorf("Write counts %+v, want %+v", written, want)
	}
	restored, err := backup.Restore(t.Context(), bytes.NewReader(file.Bytes()), target, noon)
	if err != nil || restored != want {
		t.Fatalf("Restore = %+v, %v, want %+v", restored, err, want)
	}
	if diff := diff(dump(t, source), dump(t, target)); diff != "" {
		t.Errorf("entries differ (-backed up +restored):\n%s", diff)
	}
	if diff := diff(values(t, source), values(t, target)); diff != "" {
		t.Errorf("control records differ (-backed up +restored):\n%s", diff)
	}
	if diff := diff(audit(t, source), audit(t, target)); diff != "" {
		t.Errorf("the audits differ (-backed up +restored):\n%s", diff)
	}
	for key, record := range target.records {
		if record.Version != 1 {
			t.Errorf("control record %s begins with version %d, want 1", key, record.Version)
		}
	}
}

// What is inside can be read with zstdcat and jq.
func TestWrite_format(t *testing.T) {
	t.Parallel()
	m := newMemory()
	m.addRecords(controls()[1])
	m.audit = decisions()[1:]
	m.add(amended(entry("2001:db8::7", 0x2a), func(a *scoring.Amendment) { a.Withdrawn = true }))
	var file bytes.Buffer
	mustWrite(t, &file, m)
	lines := strings.SplitAfter(plain(t, file.Bytes()), "\n")
	want := []string{
		`{"penaltybox_backup":2,"ledger":"0123456789abcdef","made":"2026-11-22T12:00:00Z"}` + "\n",
		`{"record":{"key":"reporter/web1","version":2,"value":{"number":2,"name":"web1","note":"<&>"}}}` + "\n",
		`{"incident":{"prefix":"2001:db8::/64","id":"000000000000002a","kind":1,"points":20,"reporter":7,` +
			`"reported":"2026-11-22T11:00:00Z","expires":"2026-11-23T12:00:00Z","addr":"2001:db8::7",` +
			`"observed":"2026-11-22T10:00:00Z","note":"max. authentication attempts <root> & \"x\" …",` +
			`"amendment":{"version":3,"kind":1,"points":20,"expires":"2026-11-23T12:00:00Z","withdrawn":true,` +
			`"reason":"looked into it","by":3,"at":"2026-11-22T11:59:00Z"}}}` + "\n",
		`{"audit":{"id":"1795348740000-0-1","at":"2026-11-22T11:59:00Z","who":"offline","action":"backup","object":"ledger"}}` + "\n",
	}
	if diff := diff(want, lines[:4]); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
	if end := lines[4]; !strings.HasPrefix(end, `{"end":{"records":1,"incidents":1,"amended":1,"audit":1,"sha256":"`) || len(lines) != 6 || lines[5] != "" {
		t.Errorf("trailer %q of %d lines", end, len(lines))
	}
}

func TestWrite_errors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, method := range []string{"Control", "Dump", "Audit"} {
		m := used()
		m.failing = map[string]error{method: broken}
		var file bytes.Buffer
		if _, err := backup.Write(t.Context(), &file, m); !errors.Is(err, broken) {
			t.Errorf("%s broken: Write = %v", method, err)
		}
		if _, err := backup.Restore(t.Context(), &file, newMemory(), noon); err == nil {
			t.Errorf("%s broken: what was written until then is taken for a backup", method)
		}
	}
	if _, err := backup.Write(t.Context(), brokenPipe{}, used()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writing to a closed pipe: %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRestore_expired(t *testing.T) {
	t.Parallel()
	source, target := newMemory(), newMemory()
	over := entry("203.0.113.1", 1)
	over.Expires = noon
	kept := amended(over, func(a *scoring.Amendment) { a.Expires = noon.Add(time.Hour) })
	kept.ID, kept.Amendment.ID = 2, 2
	var file bytes.Buffer
	source.add(entry("203.0.113.1", 3), kept, withExpiry(entry("203.0.113.9", 4), noon.Add(time.Second)))
	mustWrite(t, &file, source)
	counts, err := backup.Restore(t.Context(), &file, target, noon.Add(time.Second))
	if want := (backup.Counts{Incidents: 2, Amended: 1, Expired: 1}); err != nil || counts != want {
		t.Errorf("Restore = %+v, %v, want %+v", counts, err, want)
	}
	// What only its overlay kept alive still counts what it counted.
	got, counting := target.entries[kept.Key()].Effective()
	want, _ := kept.Effective()
	if diff := diff(want, got); diff != "" || !counting {
		t.Errorf("the amended incident counts %t and differs (-want +got):\n%s", counting, diff)
	}
}

func withExpiry(e scoring.Entry, at time.Time) scoring.Entry {
	e.Expires = at
	return e
}

func TestRestore_batches(t *testing.T) {
	t.Parallel()
	source, target := newMemory(), newMemory()
	for i := range 2500 {
		source.add(entry("203.0.113.1", scoring.ID(i)))
	}
	var file bytes.Buffer
	mustWrite(t, &file, source)
	if _, err := backup.Restore(t.Context(), &file, target, noon); err != nil {
		t.Fatal(err)
	}
	if diff := diff([]int{1000, 1000, 500}, target.calls); diff != "" {
		t.Errorf("incidents per call differ (-want +got):\n%s", diff)
	}
}

func TestRestore_notEmpty(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	mustWrite(t, &file, used())
	withIncident, withRecord := newMemory(), newMemory()
	withIncident.add(entry("203.0.113.1", 1))
	withRecord.addRecords(controls()[0])
	for name, target := range map[string]*memory{"incident": withIncident, "control record": withRecord} {
		before := len(target.entries) + len(target.records)
		_, err := backup.Restore(t.Context(), bytes.NewReader(file.Bytes()), target, noon)
		if !errors.Is(err, backup.ErrNotEmpty) || !strings.Contains(err.Error(), name) {
			t.Errorf("with an %s: Restore = %v, want ErrNotEmpty", name, err)
		}
		if after := len(target.entries) + len(target.records); after != before {
			t.Errorf("with an %s: something was written", name)
		}
	}
}

// A pipe cannot be read twice: what went in is told, the ledger is marked, and
// neither a second restore nor a backup takes it for whole.
func TestRestore_cutPipe(t *testing.T) {
	t.Parallel()
	source := used()
	for i := range 3000 {
		source.add(entry("198.51.100.1", scoring.ID(i)))
	}
	var file bytes.Buffer
	mustWrite(t, &file, source)
	target := newMemory()
	counts, err := backup.Restore(t.Context(), io.LimitReader(&file, int64(file.Len()-10)), target, noon)
	says := fmt.Sprintf("5 control records and %d incidents are in", len(target.entries))
	if !errors.Is(err, backup.ErrCut) || !strings.Contains(err.Error(), says) {
		t.Errorf("Restore = %v, want ErrCut saying %q", err, says)
	}
	if counts.Incidents != len(target.entries) || counts.Incidents < 1000 {
		t.Errorf("counts %d incidents, %d are in, want at least one batch", counts.Incidents, len(target.entries))
	}
	records, _ := target.Control(t.Context())
	if !backup.Unfinished(records) {
		t.Error("the ledger is not marked as unfinished")
	}
	if _, err := backup.Restore(t.Context(), &file, target, noon); !errors.Is(err, backup.ErrNotEmpty) || !strings.Contains(err.Error(), "did not finish") {
		t.Errorf("restoring again: %v, want ErrNotEmpty and why", err)
	}
	if _, err := backup.Write(t.Context(), io.Discard, target); err == nil {
		t.Error("half a ledger was backed up")
	}
}

// The target's faults are told with the row that met them, and the marker
// stays.
func TestRestore_targetFails(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	mustWrite(t, &file, used())
	tests := []struct {
		name    string
		prepare func(*memory)
		want    error
		says    string
		marked  bool
	}{
		{"reading control", func(m *memory) { m.failing = map[string]error{"Control": scoring.ErrUnavailable} }, scoring.ErrUnavailable, "reading control records", false},
		{"reading incidents", func(m *memory) { m.failing = map[string]error{"Dump": scoring.ErrUnavailable} }, scoring.ErrUnavailable, "reading incidents", false},
		{"beginning", func(m *memory) {
			m.failing = map[string]error{"PutControl restore/unfinished": scoring.ErrUnavailable}
		}, scoring.ErrUnavailable, "beginning", false},
		{"a record", func(m *memory) { m.failing = map[string]error{"PutControl reporter/web1": scoring.ErrUnavailable} }, scoring.ErrUnavailable, `"reporter/web1"`, true},
		{"all incidents", func(m *memory) { m.failing = map[string]error{"Record": scoring.ErrUnavailable} }, scoring.ErrUnavailable, "5 control records and 0 incidents", true},
		{"one incident", func(m *memory) {
			m.refuse = func(in scoring.Incident) error {
				if in.ID == 5 {
					return scoring.ErrTooMany
				}
				return nil
			}
		}, scoring.ErrTooMany, "0000000000000005 of 203.0.113.5/32", true},
		{"some incidents", func(m *memory) {
			m.refuse = func(in scoring.Incident) error {
				if in.ID > 4 {
					return scoring.ErrUnavailable
				}
				return nil
			}
		}, scoring.ErrUnavailable, "and 3 more", true},
		{"an overlay", func(m *memory) { m.failing = map[string]error{"Amend": scoring.ErrNotFound} }, scoring.ErrNotFound, "amendment of incident", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			target := newMemory()
			test.prepare(target)
			counts, err := backup.Restore(t.Context(), bytes.NewReader(file.Bytes()), target, noon)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Restore = %+v, %v, want %v saying %q", counts, err, test.want, test.says)
			}
			if counts.Incidents != len(target.entries) {
				t.Errorf("counts %d incidents, %d are in", counts.Incidents, len(target.entries))
			}
			target.failing = nil
			records, _ := target.Control(t.Context())
			if backup.Unfinished(records) != test.marked {
				t.Errorf("marked as unfinished: %t, want %t", !test.marked, test.marked)
			}
		})
	}
}

// A disk that fails is no damaged backup.
func TestRestore_streamFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	var file bytes.Buffer
	mustWrite(t, &file, used())
	for _, length := range []int{0, 3, 40, file.Len() - 1} {
		stream := io.MultiReader(bytes.NewReader(file.Bytes()[:length]), failing{broken})
		if _, err := backup.Restore(t.Context(), stream, newMemory(), noon); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: Restore = %v, want the stream's error", length, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
