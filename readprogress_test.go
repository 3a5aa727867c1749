package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A person sees how far a long log is read, once it takes a while; a program
// and a short log see nothing.
func TestReadProgress(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "auth.log")
	if err := os.WriteFile(file, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		terminal bool
		takes    time.Duration // for half of the log
		files    []string
		want     string
	}{
		"a person":         {true, 10 * time.Second, []string{file}, " 50 %, 10s left"},
		"a program":        {false, 10 * time.Second, []string{file}, ""},
		"a short log":      {true, time.Second, []string{file}, ""},
		"standard input":   {true, 10 * time.Second, []string{"-"}, ""},
		"a device and all": {true, 10 * time.Second, []string{file, "/dev/null"}, ""},
	} {
		var out bytes.Buffer
		now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
		s := &streams{err: &out, errTerminal: test.terminal, now: func() time.Time { return now }}
		progress := newReadProgress(s, test.files)
		now = now.Add(test.takes)
		if _, err := io.ReadFull(progress.reader(bytes.NewReader(make([]byte, 500))), make([]byte, 500)); err != nil {
			t.Fatal(err)
		}
		shown := out.String()
		progress.clear()
		if !strings.Contains(shown, test.want) || (test.want == "") != (shown == "") {
			t.Errorf("%s sees %q, want %q", name, shown, test.want)
		}
		if test.want != "" && !strings.HasSuffix(out.String(), "\r\x1b[K") {
			t.Errorf("%s: the line stays: %q", name, out.String())
		}
	}
}
