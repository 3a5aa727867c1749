package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// rowsServer answers every row of NDJSON with what say returns for it.
func rowsServer(t *testing.T, status int, say func(row reportRow) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if kind := r.Header.Get("Content-Type"); kind != "application/x-ndjson" {
			t.Errorf("content type %q", kind)
		}
		var rows []string
		for scanner := bufio.NewScanner(r.Body); scanner.Scan(); {
			var row reportRow
			if err := json.Unmarshal(scanner.Bytes(), &row); err != nil {
				t.Errorf("row %q: %v", scanner.Text(), err)
			}
			rows = append(rows, say(row))
		}
		all := strings.Join(rows, ",")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"recorded":%d,"refused":%d,"unavailable":%d,"rows":[%s]}`, strings.Count(all, "recorded"),
			strings.Count(all, "refused"), strings.Count(all, "unavailable"), all)
	}
}

// Ten thousand lines go in batches, each row with an id of its own.
func TestReportLines_batches(t *testing.T) {
	requests, ids := 0, map[string]bool{}
	server := rowsServer(t, http.StatusOK, func(row reportRow) string {
		ids[row.ID] = true
		return `{"status":"recorded"}`
	})
	counting := func(w http.ResponseWriter, r *http.Request) { requests++; server(w, r) }
	var input strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&input, "198.51.%d.%d\n", i/256, i%256)
	}
	code, out, errs := command(t, counting, input.String(), "report", "-", "scan.port")
	if code != exitOK || out != "10001\t0\t0\t0\t0\n" || errs != "" {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	if requests != 11 || len(ids) != 10_001 {
		t.Errorf("%d requests, %d ids; want 11 and 10001", requests, len(ids))
	}
}

// When the ledger is away in the middle, each line that was not stored is
// named, and the id to send all again with.
func TestReportLines_unavailable(t *testing.T) {
	server := rowsServer(t, http.StatusServiceUnavailable, func(row reportRow) string {
		if row.IP == "203.0.113.2" {
			return `{"status":"unavailable"}`
		}
		return `{"status":"recorded"}`
	})
	code, out, errs := command(t, server, "203.0.113.1\n\n203.0.113.2\n", "report", "-", "ssh", "--id", "run1")
	if code != exitFailure || out != "1\t0\t0\t0\t1\n" {
		t.Errorf("exit code %d, output %q", code, out)
	}
	wantText(t, "stderr", errs, "line 3: not stored: the ledger is unavailable", "1 of 2 lines were not recorded", "again with --id run1")
}

// Refused rows stand in the JSON, with their lines.
func TestReportLines_json(t *testing.T) {
	server := rowsServer(t, http.StatusOK, func(reportRow) string {
		return `{"status":"refused","problem":{"field":"ip","value":"x","detail":"ip \"x\": is no address","hint":"send an address"}}`
	})
	code, out, _ := command(t, server, "# comment\nx\n", "report", "-", "ssh", "--id", "run1", "--json")
	want := `{"id":"run1","recorded":0,"duplicates":0,"ignored":0,"refused":1,"unavailable":0,` +
		`"failures":[{"line":2,"address":"x","problem":"ip \"x\": is no address","hint":"send an address"}]}` + "\n"
	if code != exitFailure || out != want {
		t.Errorf("exit code %d, output\n%swant\n%s", code, out, want)
	}
}

// A server that answers fewer rows than it was sent must not pass for well.
func TestReportLines_rowsMissing(t *testing.T) {
	code, _, errs := command(t, answer(200, "application/json", `{"recorded":1,"rows":[{"status":"recorded"}]}`), "203.0.113.1\n203.0.113.2\n", "report", "-", "ssh")
	if code != exitFailure {
		t.Errorf("exit code %d, want %d", code, exitFailure)
	}
	wantText(t, "stderr", errs, "lines 1 to 2: the server answered 1 rows of 2", "again with --id ")
}

// A line too long for an address ends the run; the lines before it count.
func TestReportLines_longLine(t *testing.T) {
	sent := 0
	server := rowsServer(t, http.StatusOK, func(reportRow) string { sent++; return `{"status":"recorded"}` })
	code, _, errs := command(t, server, "203.0.113.1\n"+strings.Repeat("x", 2000)+"\n", "report", "-", "ssh")
	if code != exitFailure || sent != 1 {
		t.Errorf("exit code %d, %d rows sent; want %d and 1", code, sent, exitFailure)
	}
	wantText(t, "stderr", errs, "line 2: ", "token too long")
}

// Lines that trickle in do not wait for a full batch.
func TestReportLines_trickle(t *testing.T) {
	arrived := make(chan string, 1)
	web := httptest.NewServer(rowsServer(t, http.StatusOK, func(row reportRow) string {
		arrived <- row.IP
		return `{"status":"recorded"}`
	}))
	defer web.Close()
	reading, writing := io.Pipe()
	ended := make(chan int)
	go func() {
		s := newStreams(reading, io.Discard, io.Discard)
		ended <- run(t.Context(), []string{"report", "-", "ssh", "--url", web.URL, "--key", "k"}, s)
	}()
	fmt.Fprintln(writing, "203.0.113.1")
	if ip := <-arrived; ip != "203.0.113.1" { // while the pipe is still open
		t.Errorf("%q arrived", ip)
	}
	writing.Close()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// A person sees how far a long run is, and no trace of it afterwards; a short
// run and a program see nothing.
func TestBulk_paint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown bytes.Buffer
		b := &bulk{streams: &streams{err: &shown, now: time.Now, errTerminal: true}, begun: time.Now()}
		b.tally.Recorded, b.tally.Refused = 998, 2
		b.paint()
		if shown.Len() != 0 {
			t.Errorf("a short run shows %q", shown.String())
		}
		time.Sleep(patience)
		b.paint()
		b.paint() // too soon after the first
		b.clearProgress()
		b.clearProgress()
		if want := "\r1000 lines sent, 2 refused\r\x1b[K"; shown.String() != want {
			t.Errorf("a long run shows %q, want %q", shown.String(), want)
		}
		shown.Reset()
		b.streams.errTerminal = false
		b.paint()
		if shown.Len() != 0 {
			t.Errorf("a program is shown %q", shown.String())
		}
	})
}
