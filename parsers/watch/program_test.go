package watch_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"penaltybox/parsers/watch"
)

// takeAll is a server that records every row.
func takeAll(t *testing.T, rows *atomic.Int64) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		var answers []string
		for lines := bufio.NewScanner(body); lines.Scan(); {
			answers = append(answers, `{"status":"recorded"}`)
		}
		rows.Add(int64(len(answers)))
		fmt.Fprintf(w, `{"recorded":%d,"rows":[%s]}`, len(answers), strings.Join(answers, ","))
	}))
	t.Cleanup(server.Close)
	return server
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A hangup with a wrong configuration changes nothing but the log; one with a
// good configuration watches what that says.
func TestProgram_Run_hangup(t *testing.T) {
	dir := t.TempDir()
	var rows atomic.Int64
	server := takeAll(t, &rows)
	config := filepath.Join(dir, "watch.yaml")
	set := func(files string) {
		text := fmt.Sprintf("server: %s\nstate: %s/state\nsources: [{service: sshd, files: [%s]}]\n", server.URL, dir, files)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first, second := filepath.Join(dir, "first.log"), filepath.Join(dir, "second.log")
	write(t, first, strike(1))
	write(t, second, strike(2)+strike(3))
	set(first)
	var log lockedBuffer
	hangup := make(chan os.Signal)
	program := watch.Program{
		Path: config, Hangup: hangup, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Getenv: func(name string) string { return map[string]string{"PENALTYBOX_KEY": "secret"}[name] },
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- program.Run(ctx) }()
	await(t, "the first log", func() bool { return rows.Load() == 1 })

	set("relative.log")
	hangup <- syscall.SIGHUP
	await(t, "a word on the mistake", func() bool {
		return strings.Contains(log.String(), "stays as it was") && strings.Contains(log.String(), "relative.log")
	})
	write(t, first, strike(4))
	await(t, "the first log to be watched on", func() bool { return rows.Load() == 2 })

	set(second)
	hangup <- syscall.SIGHUP
	await(t, "the second log", func() bool { return rows.Load() == 4 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	program.Path = filepath.Join(dir, "missing.yaml")
	if err := program.Run(t.Context()); err == nil {
		t.Error("no configuration, and no error")
	}
}
