package backup_test

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"penaltybox/scoring"
	"penaltybox/scoring/backup"
)

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
		for i := range rapid.IntRange(0, 5).Draw(t, "events") {
			source.audit = append(source.audit, scoring.AuditEvent{
				At: noon.Add(time.Duration(i) * time.Second), Who: rapid.String().Draw(t, "who"), Action: "change", Object: rapid.String().Draw(t, "object"),
			})
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
		if diff := diff(audit(t, source), audit(t, target)); diff != "" {
			t.Fatalf("the audits differ (-backed up +restored):\n%s", diff)
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
	if rapid.Bool().Draw(t, "range") {
		wider := rapid.IntRange(1, 8).Draw(t, "wider")
		e.Prefix = netip.PrefixFrom(addr, e.Prefix.Bits()-wider).Masked()
		addr = e.Prefix.Addr()
	}
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
