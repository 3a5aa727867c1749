package reportapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"penaltybox/reportapi"
	"penaltybox/scoring"
	"penaltybox/scoring/backup"
	"penaltybox/scoring/control"
)

func TestNew_tells_all_that_is_missing(t *testing.T) {
	t.Parallel()
	_, err := reportapi.New(reportapi.Config{})
	for _, part := range []string{"board", "intake", "book", "registrar", "details", "zones", "now", "ready", "backup", "ledger id", "registry"} {
		if err == nil || !strings.Contains(err.Error(), part+" is missing") {
			t.Errorf("error %v does not name %s", err, part)
		}
	}
}

func TestNew_refuses_a_registry_in_use(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	newNode(t, func(c *reportapi.Config) { c.Registry = registry })
	var config reportapi.Config
	newNode(t, func(c *reportapi.Config) { config = *c; config.Registry = registry })
	if _, err := reportapi.New(config); err == nil {
		t.Error("a second handler registers its metrics on the same registry")
	}
}

func TestServer_unknown_paths_and_methods_are_problems(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for line, status := range map[string]int{
		"POST /": 405, "GET /v1": 404, "GET /v1/incidents/": 404, "GET /v2/incidents": 404, "POST /admin.php": 404,
		"DELETE /v1/incidents": 405, "PUT /v1/policy": 405, "POST /healthz": 405, "BREW /healthz": 405,
	} {
		answer := n.ask(t, call{line: line}, status)
		answer.wants(t, map[string]any{"status": float64(status)})
	}
	if allow := n.do(t, call{line: "PUT /v1/policy"}).Header().Get("Allow"); !strings.Contains(allow, "PATCH") {
		t.Errorf("Allow is %q", allow)
	}
}

func TestServer_request_ids(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	id := func(headers ...string) string {
		return n.do(t, call{line: "GET /healthz", headers: headers}).Header().Get("X-Request-Id")
	}
	if got := id("X-Request-Id: my-trace.7"); got != "my-trace.7" {
		t.Errorf("the caller's id became %q", got)
	}
	for _, foreign := range []string{"two words", strings.Repeat("x", 65), "<script>"} {
		if got := id("X-Request-Id: " + foreign); got == foreign || len(got) != 16 {
			t.Errorf("id %q became %q", foreign, got)
		}
	}
	if first, second := id(), id(); first == second {
		t.Error("two requests have one id")
	}
	n.ask(t, call{line: "GET /v1/policy", headers: []string{"X-Request-Id: abc"}}, 401).wants(t, map[string]any{"request_id": "abc"})
}

func TestServer_HEAD_answers_where_GET_does(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	for _, path := range []string{"/healthz", "/readyz", "/version", "/openapi.yaml", "/metrics", "/v1/policy", "/v1/check/203.0.113.7", "/v1/ips/203.0.113.7", "/v1/incidents", "/v1/blocklist"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+path, nil)
		must(t, err)
		request.Header.Set("X-Api-Key", n.keys[control.RoleReader])
		answer, err := server.Client().Do(request)
		must(t, err)
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusOK || len(body) != 0 {
			t.Errorf("HEAD %s answers %d and %d bytes", path, answer.StatusCode, len(body))
		}
	}
}

func TestHealth_ready_once_loaded_and_through_an_outage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.loaded.Store(false)
	n.ask(t, call{line: "GET /readyz"}, 503).wants(t, map[string]any{"ready": false, "ledger": "loading"})
	n.ask(t, call{line: "GET /healthz"}, 200)
	// Keys and listings are not known yet: neither 401 nor an empty list.
	for _, line := range []string{"GET /v1/blocklist", "GET /v1/check/203.0.113.7", "POST /v1/incidents"} {
		if w := n.do(t, call{line: line, as: control.RoleReporter}); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s answers %d while loading", line, w.Code)
		}
	}
	n.loaded.Store(true)
	n.ask(t, call{line: "GET /readyz"}, 200).wants(t, map[string]any{"ready": true, "ledger": "ok"})
	outage := errors.New("connection refused")
	n.outage.Store(&outage)
	n.ask(t, call{line: "GET /readyz"}, 200).wants(t, map[string]any{"ready": true, "ledger": "outage: connection refused"})
	n.ask(t, call{line: "GET /version"}, 200).wants(t, map[string]any{"version": "1.2.3", "ledger": n.ledger.ID()})
}

func TestBackup_can_be_restored(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	w := n.do(t, call{line: "GET /v1/backup", as: control.RoleAdmin})
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Disposition"), "penaltybox-20261122T100000Z.backup.zst") {
		t.Fatalf("answers %d, %v", w.Code, w.Header())
	}
	other := newEmptyLedger(t)
	if _, err := backup.Restore(t.Context(), bytes.NewReader(w.Body.Bytes()), other, n.now()); err != nil {
		t.Fatal(err)
	}
	entries := 0
	for _, err := range other.Dump(t.Context()) {
		must(t, err)
		entries++
	}
	if entries != 3 {
		t.Errorf("%d incidents came back", entries)
	}
}

func TestBackup_that_fails_is_not_taken_for_a_whole_one(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{"at once": "", "half-way": strings.Repeat("x", 10_000)} {
		n := newNode(t, func(c *reportapi.Config) {
			c.Backup = func(_ context.Context, w io.Writer) error {
				if part != "" {
					if _, err := io.WriteString(w, part); err != nil {
						return err
					}
				}
				return scoring.ErrUnavailable
			}
		})
		server := httptest.NewServer(n)
		t.Cleanup(server.Close)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/backup", nil)
		must(t, err)
		request.Header.Set("X-Api-Key", n.keys[control.RoleAdmin])
		answer, err := server.Client().Do(request)
		if err != nil {
			continue // cut off before the header went out
		}
		_, err = io.ReadAll(answer.Body)
		must(t, answer.Body.Close())
		if err == nil && answer.StatusCode == http.StatusOK {
			t.Errorf("failing %s looks whole", name)
		}
		if part == "" && (answer.StatusCode != 503 || answer.Header.Get("Content-Type") != "application/problem+json" || answer.Header.Get("Content-Disposition") != "") {
			t.Errorf("failing %s answers %d, %v", name, answer.StatusCode, answer.Header)
		}
	}
}

func TestServer_a_panic_is_a_500_and_in_the_log(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(c *reportapi.Config) {
		c.Backup = func(context.Context, io.Writer) error { panic("the roof is on fire") }
	})
	answer := n.ask(t, call{line: "GET /v1/backup", as: control.RoleAdmin, headers: []string{"X-Request-Id: fire"}}, 500)
	if strings.Contains(answer.at("detail").(string), "roof") {
		t.Errorf("the panic is told: %v", answer)
	}
	if log := n.log.String(); !strings.Contains(log, "the roof is on fire") || !strings.Contains(log, "request_id=fire") {
		t.Errorf("the log does not tell of it: %s", log)
	}
}

// serve starts the handler behind NewHTTPServer on loopback.
func serve(t *testing.T, handler http.Handler, alter func(*http.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := reportapi.NewHTTPServer(handler)
	alter(server)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		must(t, server.Close())
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving: %v", err)
		}
	})
	return listener.Addr().String()
}

func TestHTTPServer_every_stage_has_a_bound(t *testing.T) {
	t.Parallel()
	server := reportapi.NewHTTPServer(http.NotFoundHandler())
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= server.ReadTimeout || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
		t.Errorf("bounds are %v %v %v %v %d", server.ReadHeaderTimeout, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout, server.MaxHeaderBytes)
	}
}

// Deadlines are the whole server's; what adapters make of them is theirs.
func TestHTTPServer_a_slow_body_is_cut_off(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	addr := serve(t, n, func(s *http.Server) { s.ReadTimeout = 2 * time.Second })
	for path, body := range map[string]string{
		"/v1/incidents":                      `{"ip":`,
		"/compat/abuseipdb/api/v2/report":    `{"ip":`,
		"/compat/rspamd/metadata":            `{"ip":`,
		"/compat/crowdsec/v1/alerts":         `[{"source":`,
		"/compat/crowdsec/v1/watchers/login": `{"machine_id":`,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			must(t, err)
			defer conn.Close()
			must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
			key := n.keys[control.RoleReporter]
			_, err = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\nX-Api-Key: "+key+"\r\nKey: "+key+
				"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"+body)
			must(t, err)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			must(t, err)
			defer answer.Body.Close()
			if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(text), "the body came too slowly") {
				t.Errorf("answers %d: %s", answer.StatusCode, text)
			}
		})
	}
}

func TestHTTPServer_a_slow_header_is_cut_off(t *testing.T) {
	t.Parallel()
	addr := serve(t, newNode(t), func(s *http.Server) { s.ReadHeaderTimeout = 2 * time.Second })
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost:")
	must(t, err)
	if text, err := io.ReadAll(conn); err != nil || strings.Contains(string(text), "200 OK") {
		t.Errorf("answers %q, %v", text, err)
	}
}

// A body that keeps moving may take longer than the timeout in all.
func TestHTTPServer_a_long_body_that_moves_is_taken(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const timeout = 2 * time.Second
	addr := serve(t, n, func(s *http.Server) { s.ReadTimeout = timeout })
	reader, writer := io.Pipe()
	go func() {
		row := []byte(`{"ip":"203.0.113.1","kind":"scan.port","id":"one","note":"` + strings.Repeat("x", 60_000) + "\"}\n")
		// 10 stretches; from the first on the deadline moves ahead.
		for range 50 {
			if _, err := writer.Write(row); err != nil {
				return
			}
			time.Sleep(timeout / 25)
		}
		_ = writer.Close() // never fails
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/v1/incidents", reader)
	must(t, err)
	request.Header.Set("X-Api-Key", n.keys[control.RoleReporter])
	request.Header.Set("Content-Type", "application/x-ndjson")
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	decode(t, body).wants(t, map[string]any{"recorded": 1.0, "duplicates": 49.0})
}

// People are sent to the bare address.
func TestServer_root_leads_to_the_page_for_anybody(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	w := httptest.NewRecorder()
	if n.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/lookup" {
		t.Errorf("/ answers %d to %q", w.Code, w.Header().Get("Location"))
	}
}
