package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command runs one command line against a stand-in for a server and returns
// the exit code and what was printed.
func command(t *testing.T, server http.HandlerFunc, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return commandAt(t, web.URL, in, args...)
}

func commandAt(t *testing.T, url, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("PENALTYBOX_URL", url)
	t.Setenv("PENALTYBOX_STATE", t.TempDir())
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, newStreams(strings.NewReader(in), &stdout, &stderr))
	return code, stdout.String(), stderr.String()
}

func answer(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func wantText(t *testing.T, what, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("%s is %q; want %q in it", what, got, want)
		}
	}
}

// What goes wrong between client and server is told in a sentence, with what
// to do.
func TestClient_faults(t *testing.T) {
	const problemJSON = "application/problem+json; charset=utf-8"
	tests := []struct {
		name   string
		server http.HandlerFunc
		want   []string
	}{
		{
			"a problem with a hint", answer(400, problemJSON, `{"title":"Bad Request","status":400,"detail":"threshold \"x\": want a number","hint":"say 50","field":"threshold","value":{"odd":1}}`),
			[]string{`fetching the list: threshold "x": want a number`, "hint: say 50"},
		},
		{
			"an outage", answer(503, problemJSON, `{"status":503,"detail":"the ledger is away","request_id":"r1"}`),
			[]string{"server answers 503: the ledger is away (request r1)"},
		},
		{"a proxy's own page", answer(502, "text/html", "<h1>502</h1>"), []string{"server answers 502: bad gateway"}},
		{"a problem that is none", answer(500, problemJSON, "<h1>"), []string{"server answers 500: internal server error"}},
		{"no key", answer(401, problemJSON, `{"status":401,"detail":"a key is needed"}`), []string{"a key is needed", "hint: no key was given and there is no"}},
		{
			"escape codes in a problem", answer(400, problemJSON, "{\"detail\":\"\\u001b[31mred\"}"),
			[]string{"?[31mred"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := command(t, tt.server, "", "list")
			if code != exitFailure || out != "" {
				t.Errorf("exit code %d, output %q; want %d and none", code, out, exitFailure)
			}
			wantText(t, "stderr", errs, tt.want...)
		})
	}
}

// An answer that is no JSON means that this is another sort of server.
func TestClient_notPenaltybox(t *testing.T) {
	code, _, errs := command(t, answer(200, "text/html", "<h1>hello</h1>"), "", "policy", "show")
	if code != exitFailure {
		t.Errorf("exit code %d, want %d", code, exitFailure)
	}
	wantText(t, "stderr", errs, "reading the answer of 127.0.0.1", "is http://127.0.0.1", "a Penaltybox server?")
}

// A key must not travel to where a redirect points.
func TestClient_redirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	code, _, errs := command(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}, "", "list", "--key", "pbx_secret")
	if code != exitFailure {
		t.Errorf("exit code %d, want %d", code, exitFailure)
	}
	wantText(t, "stderr", errs, "sends us on to "+elsewhere.URL, "hint: if that is right, give it with --url")
}

func TestClient_timeout(t *testing.T) {
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer web.Close()
	defer close(release)
	for _, args := range [][]string{{"healthcheck"}, {"list"}, {"backup"}, {"report", "203.0.113.7", "ssh"}} {
		code, _, errs := commandAt(t, web.URL, "", append(args, "--timeout", "50ms")...)
		if code != exitFailure {
			t.Errorf("%s: exit code %d, want %d", args[0], code, exitFailure)
		}
		wantText(t, "stderr of "+args[0], errs, "did not answer within 50ms; wait longer with --timeout")
	}
}

// A list or backup that breaks off must not look whole.
func TestClient_cutAnswer(t *testing.T) {
	cut := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "203.0.113.1\n")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	for _, args := range [][]string{{"list"}, {"backup"}} {
		code, _, errs := command(t, cut, "", args...)
		if code != exitFailure {
			t.Errorf("%s: exit code %d, want %d", args[0], code, exitFailure)
		}
		wantText(t, "stderr of "+args[0], errs, "unexpected EOF")
	}
	path := filepath.Join(t.TempDir(), "box.backup")
	if err := os.WriteFile(path, []byte("yesterday's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := command(t, cut, "", "backup", path); code != exitFailure {
		t.Errorf("backup to a file: exit code %d, want %d", code, exitFailure)
	}
	if content, _ := os.ReadFile(path); string(content) != "yesterday's" {
		t.Errorf("a cut backup replaced the old one with %q", content)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the backup lie %v (%v); want nothing", entries, err)
	}
}

// Ctrl-C ends a command that waits for a server or for its input.
func TestClient_interrupted(t *testing.T) {
	interrupted := errors.New("interrupt signal received")
	reading, writing := io.Pipe()
	defer writing.Close()
	for _, args := range [][]string{{"report", "-", "ssh"}, {"check", "-"}, {"parse", "sshd"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Millisecond, func() { cancel(interrupted) })
		var stderr bytes.Buffer
		s := newStreams(reading, io.Discard, &stderr)
		if code := run(ctx, args, s); code == exitOK {
			t.Errorf("%v: exit code 0 after an interrupt", args)
		}
		wantText(t, "stderr", stderr.String(), interrupted.Error())
	}
}

// The admin key of this machine's server stays on this machine.
func TestRemote_findKey(t *testing.T) {
	state := t.TempDir()
	if err := os.WriteFile(adminKeyFile(state), []byte("pbx_admin\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(state, "web1.key")
	if err := os.WriteFile(file, []byte("pbx_web1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(state, "empty.key")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		flags   remote
		key     string
		missing string
		err     string
	}{
		{"our own server", remote{URL: "http://127.0.0.1:8080", State: state}, "pbx_admin", "", ""},
		{"by name", remote{URL: "http://localhost:8080", State: state}, "pbx_admin", "", ""},
		{"by IPv6", remote{URL: "http://[::1]:8080", State: state}, "pbx_admin", "", ""},
		{"another server", remote{URL: "https://bl.example.org", State: state}, "", "no key was given: set PENALTYBOX_KEY_FILE", ""},
		{"a name that begins like ours", remote{URL: "https://127.0.0.1.example.org", State: state}, "", "no key was given", ""},
		{"no server here", remote{URL: "http://127.0.0.1:8080", State: filepath.Join(state, "none")}, "", "there is no ", ""},
		{"a key", remote{URL: "https://bl.example.org", Key: " pbx_given\n", State: state}, "pbx_given", "", ""},
		{"a file", remote{URL: "https://bl.example.org", KeyFile: file, State: state}, "pbx_web1", "", ""},
		{"both", remote{URL: "https://bl.example.org", Key: "pbx_given", KeyFile: file}, "pbx_given", "", ""},
		{"an empty file", remote{URL: "http://127.0.0.1:8080", KeyFile: empty, State: state}, "", "", "empty.key is empty"},
		{"a missing file", remote{URL: "http://127.0.0.1:8080", KeyFile: "none.key", State: state}, "", "", "none.key: no such file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.flags.Timeout = time.Second
			c, err := tt.flags.dial()
			if err != nil {
				wantText(t, "the error", err.Error(), tt.err)
				if tt.err == "" {
					t.Fatal(err)
				}
				return
			}
			if tt.err != "" || c.key != tt.key || !strings.Contains(c.noKey, tt.missing) {
				t.Errorf("key %q, missing %q; want %q, %q, error %q", c.key, c.noKey, tt.key, tt.missing, tt.err)
			}
		})
	}
}

func TestRemote_dial_badURL(t *testing.T) {
	for _, url := range []string{"", "example.org", "ftp://example.org", "http://", "http://[::1", "https://example.org/?a=b"} {
		_, err := remote{URL: url, Timeout: time.Second}.dial()
		if usage, ok := errors.AsType[usageError](err); !ok {
			t.Errorf("%q: %v, want a usage error", url, usage)
		}
	}
	if _, err := (remote{URL: "https://example.org"}).dial(); err == nil {
		t.Error("a timeout of 0 was taken")
	}
}

// A base with a path works: the API may stand behind a proxy's prefix.
func TestClient_basePath(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, r.Method, r.URL.String())
	}))
	defer web.Close()
	_, out, _ := commandAt(t, web.URL+"/box/", "", "list", "--zone", "a.example", "--category", "ssh", "--category", "web", "--threshold", "7", "--family", "6")
	if want := "GET /box/v1/blocklist?category=ssh%2Cweb&family=6&format=plain&threshold=7&zone=a.example\n"; out != want {
		t.Errorf("asked for %q, want %q", out, want)
	}
}

// A row of the API is what the flags say.
func TestReportCommand_row(t *testing.T) {
	cmd := reportCommand{Kind: "ssh.maxauth", Points: 5, Note: "n", TTL: lifetime(36 * time.Hour), Observed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), ID: "x"}
	want := reportRow{IP: "203.0.113.7", Kind: "ssh.maxauth", Points: 5, Note: "n", TTL: "36h0m0s", Observed: "2026-01-02T03:04:05+01:00", ID: "x"}
	if got := cmd.row("203.0.113.7"); got != want {
		t.Errorf("row is %+v, want %+v", got, want)
	}
}
