package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

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
	return m
}

func TestBackup_roundTrip(t *testing.T) {
	t.Parallel()
	source, target := used(), newMemory()
	var file bytes.Buffer
	written := mustWrite(t, &file, source)
	want := backup.Counts{Records: 5, Incidents: 7, Amended: 3}
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
	m.add(amended(entry("2001:db8::7", 0x2a), func(a *scoring.Amendment) { a.Withdrawn = true }))
	var file bytes.Buffer
	mustWrite(t, &file, m)
	lines := strings.SplitAfter(plain(t, file.Bytes()), "\n")
	want := []string{
		`{"penaltybox_backup":1,"ledger":"0123456789abcdef","made":"2026-11-22T12:00:00Z"}` + "\n",
		`{"record":{"key":"reporter/web1","version":2,"value":{"number":2,"name":"web1","note":"<&>"}}}` + "\n",
		`{"incident":{"prefix":"2001:db8::/64","id":"000000000000002a","kind":1,"points":20,"reporter":7,` +
			`"reported":"2026-11-22T11:00:00Z","expires":"2026-11-23T12:00:00Z","addr":"2001:db8::7",` +
			`"observed":"2026-11-22T10:00:00Z","note":"max. authentication attempts <root> & \"x\" …",` +
			`"amendment":{"version":3,"kind":1,"points":20,"expires":"2026-11-23T12:00:00Z","withdrawn":true,` +
			`"reason":"looked into it","by":3,"at":"2026-11-22T11:59:00Z"}}}` + "\n",
	}
	if diff := diff(want, lines[:3]); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
	if end := lines[3]; !strings.HasPrefix(end, `{"end":{"records":1,"incidents":1,"amended":1,"sha256":"`) || len(lines) != 5 || lines[4] != "" {
		t.Errorf("trailer %q of %d lines", end, len(lines))
	}
}

func TestWrite_errors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, method := range []string{"Control", "Dump"} {
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

// Wherever a file is cut, it is refused by name before anything is written.
func TestRestore_cutFile(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	mustWrite(t, &file, used())
	for length := range file.Len() {
		wantRefused(t, file.Bytes()[:length], length)
	}
}

// Whichever bit of a file is wrong, it is refused by name, unless the bit says
// nothing (zstd has some) and what comes out is all that went in.
func TestRestore_damagedFile(t *testing.T) {
	t.Parallel()
	source := used()
	var file bytes.Buffer
	mustWrite(t, &file, source)
	harmless := 0
	for bit := range 8 * file.Len() {
		damaged, target := bytes.Clone(file.Bytes()), newMemory()
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, err := backup.Restore(t.Context(), bytes.NewReader(damaged), target, noon); err != nil {
			wantRefused(t, damaged, bit/8)
			continue
		}
		harmless++
		if diff := diff(dump(t, source), dump(t, target)); diff != "" {
			t.Errorf("bit %d: entries differ (-backed up +restored):\n%s", bit, diff)
		}
	}
	if harmless > file.Len()/10 {
		t.Errorf("%d of %d bits are of no consequence", harmless, 8*file.Len())
	}
}

func wantRefused(t *testing.T, file []byte, at int) {
	t.Helper()
	target := newMemory()
	counts, err := backup.Restore(t.Context(), bytes.NewReader(file), target, noon)
	if !errors.Is(err, backup.ErrCut) && !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNotBackup) {
		t.Errorf("at byte %d: Restore = %+v, %v, want it refused by name", at, counts, err)
	}
	if len(target.entries)+len(target.records) > 0 {
		t.Errorf("at byte %d: something was written", at)
	}
}

func TestRestore_refused(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	mustWrite(t, &file, used())
	good := plain(t, file.Bytes())
	lines := strings.SplitAfter(good, "\n")
	replaced := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the backup does not hold %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	tests := []struct {
		name, plain string
		want        error
		says        string
	}{
		{"empty", "", backup.ErrNotBackup, ""},
		{"something else", "hello\n", backup.ErrNotBackup, ""},
		{"other JSON", "{}\n", backup.ErrNotBackup, ""},
		{"newer", replaced(`"penaltybox_backup":1`, `"penaltybox_backup":2`), scoring.ErrSchema, "version 2, this program reads up to 1"},
		{"without the trailer", strings.Join(lines[:len(lines)-2], ""), backup.ErrCut, "line 14"},
		{"a row lost", good[:len(lines[0])] + good[len(lines[0])+len(lines[1]):], backup.ErrDamaged, "should hold 5 records"},
		{"a value changed", replaced(`"points":20`, `"points":90`), backup.ErrDamaged, "checksum"},
		{"no points", replaced(`"points":20`, `"points":0`), backup.ErrDamaged, "without points"},
		{"points beyond", replaced(`"points":20`, `"points":70000`), backup.ErrDamaged, "line 7"},
		{"kind beyond", replaced(`"kind":1`, `"kind":9999`), backup.ErrDamaged, "kind 9999"},
		{"no reporter", replaced(`"reporter":7`, `"reporter":0`), backup.ErrDamaged, "reporter 0"},
		{"range", replaced(`203.0.113.1/32`, `203.0.113.0/24`), backup.ErrDamaged, "203.0.113.0/24"},
		{"other address", replaced(`"addr":"203.0.113.1"`, `"addr":"203.0.113.2"`), backup.ErrDamaged, "203.0.113.2"},
		{"time beyond", replaced(`"reported":"2026`, `"reported":"9926`), backup.ErrDamaged, "out of reach"},
		{"unknown sort", replaced(`{"record"`, `{"chronicle"`), backup.ErrDamaged, "neither"},
		{"more behind the end", good + lines[1], backup.ErrDamaged, "follows the end"},
		{"two in one", good + good, backup.ErrDamaged, "follows the end"},
		{"endless line", lines[0] + strings.Repeat("x", 5<<20), backup.ErrDamaged, "longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			target := newMemory()
			_, err := backup.Restore(t.Context(), bytes.NewReader(packed(t, test.plain)), target, noon)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Restore = %v, want %v saying %q", err, test.want, test.says)
			}
			if len(target.entries)+len(target.records) > 0 {
				t.Error("something was written")
			}
		})
	}
	if _, err := backup.Restore(t.Context(), strings.NewReader("plain text, no zstd"), newMemory(), noon); !errors.Is(err, backup.ErrNotBackup) {
		t.Errorf("plain text: Restore = %v, want ErrNotBackup", err)
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

// Whatever a ledger holds, a restored backup of it holds the same.
func TestBackup_anyLedger(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		source, target := newMemory(), newMemory()
		for range rapid.IntRange(0, 20).Draw(t, "incidents") {
			source.add(drawEntry(t))
		}
		for key, value := range rapid.MapOf(rapid.StringMatching(`[a-z]{1,3}/[a-z0-9.:/]{1,9}`), rapid.SliceOf(rapid.Byte())).Draw(t, "records") {
			source.addRecords(scoring.ControlRecord{Key: key, Version: rapid.Uint64Min(1).Draw(t, "version"), Value: append([]byte{}, value...)})
		}
		var file bytes.Buffer
		written, err := backup.Write(t.Context(), &file, source)
		if err != nil {
			t.Fatalf("Write: %v", err)
		}
		restored, err := backup.Restore(t.Context(), &file, target, noon)
		if err != nil || restored != written {
			t.Fatalf("wrote %+v, restored %+v, %v", written, restored, err)
		}
		if diff := diff(dump(t, source), dump(t, target)); diff != "" {
			t.Fatalf("entries differ (-backed up +restored):\n%s", diff)
		}
		if diff := diff(values(t, source), values(t, target)); diff != "" {
			t.Fatalf("control records differ (-backed up +restored):\n%s", diff)
		}
	})
}

func drawEntry(t *rapid.T) scoring.Entry {
	raw := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "addr")
	if rapid.Bool().Draw(t, "IPv6") {
		raw = append([]byte{0x20, 0x01, 0x0d, 0xb8}, append(make([]byte, 8), raw...)...)
	}
	addr, _ := netip.AddrFromSlice(raw)
	later := func(label string) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(1, 1<<24).Draw(t, label)) * time.Second)
	}
	e := scoring.Entry{Incident: scoring.Incident{
		Prefix: scoring.PrefixOf(addr), ID: scoring.ID(rapid.Uint64().Draw(t, "id")),
		Kind:     scoring.KindNumber(rapid.IntRange(1, int(scoring.MaxKind)).Draw(t, "kind")),
		Points:   rapid.Uint16Min(1).Draw(t, "points"),
		Reporter: scoring.ReporterNumber(rapid.IntRange(1, int(scoring.MaxReporters)).Draw(t, "reporter")),
		Reported: noon, Expires: later("expires"),
	}}
	if rapid.Bool().Draw(t, "detail") {
		e.Detail = scoring.Detail{Addr: addr, Observed: noon.Add(-time.Second), Note: rapid.String().Draw(t, "note")}
	}
	if !rapid.Bool().Draw(t, "amended") {
		return e
	}
	return amended(e, func(a *scoring.Amendment) {
		a.Version = rapid.Uint64Min(1).Draw(t, "version")
		a.Points, a.Expires, a.Withdrawn = rapid.Uint16().Draw(t, "new points"), later("new expires"), rapid.Bool().Draw(t, "withdrawn")
		a.Reason = rapid.String().Draw(t, "reason")
		if rapid.Bool().Draw(t, "new note") {
			note := rapid.String().Draw(t, "note")
			a.Note = &note
		}
	})
}

// No stream makes Restore panic, and one that it refuses after reading it
// whole leaves nothing behind.
func FuzzRestore(f *testing.F) {
	var file bytes.Buffer
	if _, err := backup.Write(f.Context(), &file, used()); err != nil {
		f.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	defer decoder.Close()
	text, err := decoder.DecodeAll(file.Bytes(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes(), false)
	f.Add(text, true)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte, pack bool) {
		if pack {
			stream = encoder.EncodeAll(stream, nil)
		}
		target := newMemory()
		_, err := backup.Restore(t.Context(), bytes.NewReader(stream), target, noon)
		if refused := errors.Is(err, backup.ErrCut) || errors.Is(err, backup.ErrDamaged) || errors.Is(err, backup.ErrNotBackup); refused && len(target.entries)+len(target.records) > 0 {
			t.Errorf("Restore refuses (%v) after it wrote", err)
		}
	})
}

// plain unpacks a backup, packed packs one.
func plain(t *testing.T, file []byte) string {
	t.Helper()
	decoder, err := zstd.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := io.ReadAll(decoder)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var file bytes.Buffer
	encoder, err := zstd.NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(encoder, text); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
