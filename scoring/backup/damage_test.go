package backup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"penaltybox/scoring"
	"penaltybox/scoring/backup"
)

// Wherever a file is cut, it is refused by name before anything is written.
func TestRestore_cutFile(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	mustWrite(t, &file, used())
	for length := range file.Len() {
		wantRefused(t, file.Bytes()[:length], length)
	}
}

// Whichever byte of a file has a wrong bit, it is refused by name, unless the
// bit says nothing (zstd has some) and what comes out is all that went in.
func TestRestore_damagedFile(t *testing.T) {
	t.Parallel()
	source := used()
	var file bytes.Buffer
	mustWrite(t, &file, source)
	harmless := 0
	for at := range file.Len() {
		damaged, target := bytes.Clone(file.Bytes()), newMemory()
		damaged[at] ^= 1 << (at % 8)
		if _, err := backup.Restore(t.Context(), bytes.NewReader(damaged), target, noon); err != nil {
			wantRefused(t, damaged, at)
			continue
		}
		harmless++
		if diff := diff(dump(t, source), dump(t, target)); diff != "" {
			t.Errorf("byte %d: entries differ (-backed up +restored):\n%s", at, diff)
		}
	}
	if harmless > file.Len()/10 {
		t.Errorf("%d of %d bits are of no consequence", harmless, file.Len())
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
		{"newer", replaced(`"penaltybox_backup":2`, `"penaltybox_backup":3`), scoring.ErrSchema, "version 3, this program reads up to 2"},
		{"without the trailer", strings.Join(lines[:len(lines)-2], ""), backup.ErrCut, "line 16"},
		{"a row lost", good[:len(lines[0])] + good[len(lines[0])+len(lines[1]):], backup.ErrDamaged, "should hold 5 records"},
		{"a value changed", replaced(`"points":20`, `"points":90`), backup.ErrDamaged, "checksum"},
		{"no points", replaced(`"points":20`, `"points":0`), backup.ErrDamaged, "without points"},
		{"points beyond", replaced(`"points":20`, `"points":70000`), backup.ErrDamaged, "line 7"},
		{"kind beyond", replaced(`"kind":1`, `"kind":9999`), backup.ErrDamaged, "kind 9999"},
		{"no reporter", replaced(`"reporter":7`, `"reporter":0`), backup.ErrDamaged, "reporter 0"},
		{"range", replaced(`203.0.113.1/32`, `203.0.112.0/23`), backup.ErrDamaged, "203.0.112.0/23"},
		{"other address", replaced(`"addr":"203.0.113.1"`, `"addr":"203.0.113.2"`), backup.ErrDamaged, "203.0.113.2"},
		{"time beyond", replaced(`"reported":"2026`, `"reported":"9926`), backup.ErrDamaged, "out of reach"},
		{"unknown sort", replaced(`{"record"`, `{"chronicle"`), backup.ErrDamaged, "neither"},
		{"a change without a time", replaced(`"at":"2026-11-22T11:00:00Z","who"`, `"who"`), backup.ErrDamaged, "without a time"},
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
			if len(target.entries)+len(target.records)+len(target.audit) > 0 {
				t.Error("something was written")
			}
		})
	}
	if _, err := backup.Restore(t.Context(), strings.NewReader("plain text, no zstd"), newMemory(), noon); !errors.Is(err, backup.ErrNotBackup) {
		t.Errorf("plain text: Restore = %v, want ErrNotBackup", err)
	}
}

// A backup of the version before the audit is read as ever.
func TestRestore_versionOne(t *testing.T) {
	t.Parallel()
	source, target := used(), newMemory()
	source.audit = nil
	var file bytes.Buffer
	mustWrite(t, &file, source)
	lines := strings.SplitAfter(plain(t, file.Bytes()), "\n")
	lines[0] = strings.Replace(lines[0], `"penaltybox_backup":2`, `"penaltybox_backup":1`, 1)
	body, end := strings.Join(lines[:len(lines)-2], ""), lines[len(lines)-2]
	sum := sha256.Sum256([]byte(body))
	end = end[:strings.Index(end, `"sha256":"`)] + `"sha256":"` + hex.EncodeToString(sum[:]) + "\"}}\n"
	counts, err := backup.Restore(t.Context(), bytes.NewReader(packed(t, body+end)), target, noon)
	if err != nil || counts.Incidents != 7 || counts.Records != 5 || counts.Audit != 0 {
		t.Errorf("Restore = %+v, %v", counts, err)
	}
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
