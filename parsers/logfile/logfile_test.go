package logfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"penaltybox/parsers/logfile"
)

const text = "one\ntwo\nthree\n"

// What the compressors of logrotate write is read, whatever it is called,
// several times compressed and joined too.
func TestOpen(t *testing.T) {
	for _, program := range []string{"cat", "gzip", "bzip2", "xz", "zstd"} {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Fatalf("%s is missing: install the Debian package %s", program, map[string]string{"xz": "xz-utils"}[program]+program)
			}
			var content []byte
			for range 2 {
				command := exec.Command(program)
				if program != "cat" {
					command.Args = append(command.Args, "-c")
				}
				command.Stdin = strings.NewReader(text)
				part, err := command.Output()
				if err != nil {
					t.Fatal(err)
				}
				content = append(content, part...)
			}
			name := filepath.Join(t.TempDir(), "auth.log")
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
			in, err := logfile.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(in)
			if err := errors.Join(err, in.Close()); err != nil || string(got) != text+text {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// An empty or short log is a log; a broken archive and a missing file are
// errors that name it.
func TestOpen_edges(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{"": "", "x": "x", "\x1f": "\x1f", "\x1f\x8b": "error", "\xfd7zXZ\x00": "error", "\x28\xb5\x2f\xfd": "error"} {
		name := filepath.Join(dir, "log")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := logfile.Open(name)
		got := []byte("error")
		if err == nil {
			if got, err = io.ReadAll(in); err != nil {
				got = []byte("error")
			}
			in.Close()
		}
		if string(got) != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
	if _, err := logfile.Open(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// A pattern stands for its files, the oldest first; other names stay.
func TestExpand(t *testing.T) {
	dir := t.TempDir()
	start := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	for i, name := range []string{"auth.log.2.gz", "auth.log.1", "auth.log"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, start, start.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := logfile.Expand([]string{"-", filepath.Join(dir, "auth.log*"), "plain"})
	if err != nil {
		t.Fatal(err)
	}
	want := "- auth.log.2.gz auth.log.1 auth.log plain"
	if strings.ReplaceAll(strings.Join(got, " "), dir+"/", "") != want {
		t.Errorf("%v, want %s", got, want)
	}
	for _, wrong := range []string{filepath.Join(dir, "nothing*"), filepath.Join(dir, "["), filepath.Dir(dir) + "/*"} {
		if got, err := logfile.Expand([]string{wrong}); err == nil {
			t.Errorf("%s was taken: %v", wrong, got)
		}
	}
}

// No bytes make it panic or hang.
func FuzzDecompress(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"))
	f.Add([]byte("\xfd7zXZ\x00\x00\x04"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		in, err := logfile.Decompress(bytes.NewReader(content))
		if err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, in, 1<<20); err != nil && err.Error() == "" {
			t.Fatal("an error without a word")
		}
		in.Close()
	})
}
