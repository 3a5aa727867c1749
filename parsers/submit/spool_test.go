package submit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penaltybox/parsers/submit"
)

type tester interface {
	Helper()
	Fatal(...any)
}

func openSpool(t tester, folder string, log *bytes.Buffer) *submit.Spool {
	t.Helper()
	spool, err := submit.OpenSpool(folder, submit.MinSpool, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return spool
}

// Whatever is appended comes out once and in order, through restarts and
// unfinished writes; beyond the limit the oldest goes, and is told.
func TestSpool_isAQueue(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		folder, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(folder)
		var log bytes.Buffer
		spool := openSpool(t, folder, &log)
		var model []string
		next, dropped, told := 0, 0, 0
		// forget takes from the model what the spool says that it dropped.
		forget := func() {
			gone := spool.Dropped() - told
			told += gone
			if model = model[gone:]; len(model) != spool.Rows() {
				t.Fatalf("%d rows are kept, want %d", spool.Rows(), len(model))
			}
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "append", "take", "reopen", "torn"}).Draw(t, "step") {
			case "append":
				size := rapid.SampledFrom([]int{10, 1000, 300_000}).Draw(t, "size")
				var batch []submit.Row
				for range rapid.IntRange(1, 3).Draw(t, "rows") {
					text := fmt.Sprintf("%d %s\n", next, strings.Repeat("x", size))
					batch, model = append(batch, submit.Row(text)), append(model, text)
					next++
				}
				if err := spool.Append(batch); err != nil {
					t.Fatal(err)
				}
			case "take":
				rows, err := spool.Oldest()
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					if string(row) != model[0] {
						t.Fatalf("%.20q comes before %.20q", row, model[0])
					}
					model = model[1:]
				}
				if err := spool.Remove(); err != nil {
					t.Fatal(err)
				}
			case "torn":
				tear(t, folder)
				fallthrough
			case "reopen":
				dropped += spool.Dropped()
				spool, told = openSpool(t, folder, &log), 0
			}
			forget()
			if size := spool.Size(); size > submit.MinSpool {
				t.Fatalf("%d bytes are kept", size)
			}
		}
		for spool.Rows() > 0 {
			rows, err := spool.Oldest()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if string(row) != model[0] {
					t.Fatalf("%.20q comes before %.20q", row, model[0])
				}
				model = model[1:]
			}
			if err := spool.Remove(); err != nil {
				t.Fatal(err)
			}
		}
		if len(model) > 0 {
			t.Fatalf("%d rows are lost", len(model))
		}
		if dropped += spool.Dropped(); dropped > 0 != strings.Contains(log.String(), "spool is full") {
			t.Fatalf("%d dropped, told: %s", dropped, log.String())
		}
	})
}

// tear leaves an unfinished row, as a killed process does.
func tear(t tester, folder string) {
	t.Helper()
	names, err := filepath.Glob(folder + "/*.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	name := filepath.Join(folder, "999999999999.ndjson")
	if len(names) > 0 {
		name = names[len(names)-1]
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("unfinished"); err != nil {
		t.Fatal(err)
	}
}

// A file that somebody removed from the spool keeps nothing behind it for ever;
// what it held is counted as dropped.
func TestSpool_emptied(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"removed": os.Remove,
		"emptied": func(name string) error { return os.Truncate(name, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			folder, log := t.TempDir(), bytes.Buffer{}
			spool := openSpool(t, folder, &log)
			large := submit.Row(strings.Repeat("x", 600_000) + "\n")
			for _, row := range []submit.Row{large, large, submit.Row("last\n")} {
				if err := spool.Append([]submit.Row{row}); err != nil {
					t.Fatal(err)
				}
			}
			files, err := filepath.Glob(folder + "/*.ndjson")
			if err != nil || len(files) != 2 {
				t.Fatal(files, err)
			}
			if err := spoil(files[0]); err != nil {
				t.Fatal(err)
			}
			rows, err := spool.Oldest()
			if err != nil || len(rows) != 2 || string(rows[1]) != "last\n" || spool.Dropped() != 1 {
				t.Errorf("%d rows, %v, %d dropped", len(rows), err, spool.Dropped())
			}
			if err := spool.Append([]submit.Row{large}); err != nil {
				t.Error(err)
			}
		})
		t.Run(name+" while it grows", func(t *testing.T) {
			folder, log := t.TempDir(), bytes.Buffer{}
			spool := openSpool(t, folder, &log)
			for _, row := range []string{"first\n", "second\n"} {
				if err := spool.Append([]submit.Row{submit.Row(row)}); err != nil {
					t.Fatal(err)
				}
				if row != "first\n" {
					break
				}
				if err := spoil(folder + "/000000000001.ndjson"); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := spool.Oldest()
			if err != nil || len(rows) != 1 || string(rows[0]) != "second\n" || spool.Dropped() != 1 {
				t.Errorf("%q, %v, %d dropped", rows, err, spool.Dropped())
			}
		})
	}
}

func TestOpenSpool_errors(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	if _, err := submit.OpenSpool(t.TempDir(), submit.MinSpool-1, logger); err == nil {
		t.Error("a tiny limit was taken")
	}
	if _, err := submit.OpenSpool("/dev/null/spool", submit.MinSpool, logger); err == nil {
		t.Error("a folder that cannot be was taken")
	}
	spool := openSpool(t, t.TempDir(), new(bytes.Buffer))
	if err := spool.Append([]submit.Row{make(submit.Row, submit.MinSpool+1)}); err == nil || spool.Rows() > 0 {
		t.Error("a batch beyond the limit was taken")
	}
}
