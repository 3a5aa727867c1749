package reportapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// five rows of which the third is broken.
func five(separator, before, after string) string {
	return before + strings.Join([]string{
		`{"ip":"203.0.113.1","kind":"ssh.maxauth"}`,
		`{"ip":"203.0.113.2","kind":"ssh.maxauth"}`,
		`{"ip":"203.0.113.3","kind":"ssh.maxauth"`,
		`{"ip":"203.0.113.4","kind":"ssh.maxauth"}`,
		`{"ip":"203.0.113.5","kind":"ssh.maxauth"}`,
	}, separator) + after
}

func TestBulk_NDJSON_a_broken_row_is_named_and_the_rest_stands(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{ndjsonBody, formBody, "Content-Type: application/jsonl"} {
		n := newNode(t)
		n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: five("\n", "", "\n"), headers: []string{contentType}, tolerated: contentType != ndjsonBody}, 200).wants(t, map[string]any{
			"recorded": 4.0, "refused": 1.0, "duplicates": 0.0, "ignored": 0.0, "unavailable": 0.0,
			"rows.0.row": 1.0, "rows.0.status": "recorded", "rows.0.visible": true, "rows.0.score": 20.0, "rows.0.zones": nil,
			"rows.2.row": 3.0, "rows.2.status": "refused", "rows.2.problem.detail": "broken JSON: it ends at byte 40, in the middle",
			"rows.4.row": 5.0, "rows.4.ip": "203.0.113.5",
		})
		for i := 1; i <= 5; i++ {
			score := n.ask(t, call{line: fmt.Sprintf("GET /v1/check/203.0.113.%d?format=json", i), as: control.RoleReader}, 200).at("score")
			if want := map[bool]float64{true: 0, false: 20}[i == 3]; score != want {
				t.Errorf("row %d scores %v, want %v", i, score, want)
			}
		}
	}
}

func TestBulk_first_row_broken_is_still_many(t *testing.T) {
	t.Parallel()
	newNode(t).ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "{\"ip\":\n{\"ip\":\"203.0.113.2\",\"kind\":\"ssh\"}\n", headers: []string{formBody}, tolerated: true}, 200).
		wants(t, map[string]any{"recorded": 1.0, "refused": 1.0, "rows.0.row": 1.0, "rows.0.status": "refused", "rows.1.row": 2.0})
}

func TestBulk_array_stores_nothing_if_one_row_is_broken(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"broken JSON":      five(",", "[", "]"),
		"an unknown field": `[{"ip":"203.0.113.1","kind":"ssh"},{"ip":"203.0.113.2","kind":"ssh"},{"ip":"203.0.113.3","knd":"ssh"}]`,
		"no object":        `[{"ip":"203.0.113.1","kind":"ssh"},{"ip":"203.0.113.2","kind":"ssh"},"203.0.113.3"]`,
		"cut":              `[{"ip":"203.0.113.1","kind":"ssh"},{"ip":"203.0.113.2","kind":"ssh"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			answer := n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: body, headers: []string{jsonBody}}, 400)
			if detail, _ := answer.at("detail").(string); !strings.Contains(detail, "row 3") {
				t.Errorf("detail %q does not name row 3", detail)
			}
			if stats := n.board.Stats(); stats.Incidents != 0 {
				t.Errorf("%d incidents were stored", stats.Incidents)
			}
		})
	}
}

func TestBulk_array_rows_are_weighed_one_by_one(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	body := `[{"ip":"203.0.113.1","kind":"ssh.maxauth"},{"ip":"203.0.113.2","kind":"nonsense"},{"ip":"192.0.2.1","kind":"ssh"}]`
	n.ask(t, call{line: "POST /v1/incidents?verdicts=1", as: control.RoleReporter, body: body, headers: []string{jsonBody}}, 200).wants(t, map[string]any{
		"recorded": 1.0, "refused": 1.0, "ignored": 1.0,
		"rows.0.zones.1.zone": "ssh.example", "rows.0.zones.0.score": 20.0,
		"rows.1.problem.field": "kind", "rows.1.problem.value": "nonsense", "rows.1.ip": "203.0.113.2",
		"rows.2.ignored": "own address",
	})
}

func TestBulk_text_one_address_a_line(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	body := "# from the firewall\n203.0.113.1\r\n\n  2001:db8::1  \nnonsense\n203.0.113.2"
	n.ask(t, call{line: "POST /v1/incidents?kind=scan.port&points=3&ttl=2d", as: control.RoleReporter, body: body, headers: []string{textBody}}, 200).wants(t, map[string]any{
		"recorded": 3.0, "refused": 1.0,
		"rows.0.row": 2.0, "rows.0.ip": "203.0.113.1", "rows.0.points": 3.0, "rows.0.expires": "2026-11-24T10:00:00Z",
		"rows.1.row": 4.0, "rows.1.ip": "2001:db8::1", "rows.2.row": 5.0, "rows.2.problem.field": "ip", "rows.3.row": 6.0,
	})
	n.ask(t, call{line: "POST /v1/incidents?knd=scan.port", as: control.RoleReporter, body: body, headers: []string{textBody}}, 400).
		wants(t, map[string]any{"field": "knd"})
}

// curl calls every body a form, a list of addresses too.
func TestBulk_text_that_curl_calls_a_form(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body string
		want map[string]any
	}{
		{"203.0.113.1\n203.0.113.2\n", map[string]any{"recorded": 2.0, "rows.1.ip": "203.0.113.2", "rows.1.kind": "scan.port"}},
		{"\r\n2001:db8::1\r\nkind=ssh\r\n", map[string]any{"recorded": 1.0, "refused": 1.0, "rows.0.ip": "2001:db8::1"}},
		{"# a = b\n203.0.113.1", map[string]any{"recorded": 1.0, "rows.0.row": 2.0}},
		{"203.0.113.0/24\n203.0.113.1", map[string]any{"recorded": 1.0, "refused": 1.0, "rows.0.problem.field": "ip"}},
	} {
		newNode(t).ask(t, call{line: "POST /v1/incidents?kind=scan.port", as: control.RoleReporter, body: test.body, headers: []string{formBody}, tolerated: true}, 200).
			wants(t, test.want)
	}
	for _, body := range []string{"203.0.113", "ip", "ip=203.0.113.1", "203.0.113.1=", "203.0.113.1&kind=ssh"} {
		newNode(t).ask(t, call{line: "POST /v1/incidents?kind=scan.port", as: control.RoleReporter, body: body, headers: []string{formBody}, tolerated: true}, 400)
	}
}

func TestBulk_nothing_in_nothing_recorded(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{ndjsonBody, formBody} {
		newNode(t).ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "\n", headers: []string{contentType}, tolerated: contentType != ndjsonBody}, 200).
			wants(t, map[string]any{"recorded": 0.0, "refused": 0.0})
	}
}

func TestBulk_sent_twice_counts_once(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	rows := func(k int) string { // more than one batch, all on few addresses
		var b strings.Builder
		for i := range k {
			fmt.Fprintf(&b, "{\"ip\":\"203.0.113.%d\",\"kind\":\"scan.port\"}\n", i%50)
		}
		return b.String()
	}
	c := call{line: "POST /v1/incidents", as: control.RoleReporter, body: rows(2500), headers: []string{ndjsonBody, "Idempotency-Key: batch-7"}}
	n.ask(t, c, 200).wants(t, map[string]any{"recorded": 2500.0, "duplicates": 0.0, "rows.9.status": "recorded"})
	n.ask(t, c, 200).wants(t, map[string]any{"recorded": 0.0, "duplicates": 2500.0})
	if stats := n.board.Stats(); stats.Incidents != 2500 {
		t.Errorf("%d incidents are stored, want 2500", stats.Incidents)
	}
}

func TestBulk_a_row_too_long_is_refused_by_its_number(t *testing.T) {
	t.Parallel()
	long := `{"ip":"203.0.113.2","kind":"ssh","note":"` + strings.Repeat("x", 70<<10) + `"}`
	body := `{"ip":"203.0.113.1","kind":"ssh"}` + "\n" + long + "\n" + `{"ip":"203.0.113.3","kind":"ssh"}`
	newNode(t).ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: body, headers: []string{ndjsonBody}}, 200).wants(t, map[string]any{
		"recorded": 2.0, "refused": 1.0, "rows.1.row": 2.0, "rows.1.problem.detail": "the row is longer than 65536 bytes", "rows.2.row": 3.0,
	})
}

func TestBulk_outage_tells_which_rows_to_send_again(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ledger.failWith(fmt.Errorf("disk full: %w", scoring.ErrUnavailable))
	body := strings.Repeat("{\"ip\":\"203.0.113.1\",\"kind\":\"scan.port\",\"observed\":1795341000}\n", 1) + "{\"ip\":\"10.0.0.1\",\"kind\":\"ssh\"}\n"
	c := call{line: "POST /v1/incidents", as: control.RoleReporter, body: body, headers: []string{ndjsonBody}}
	w := n.do(t, c)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	n.ask(t, c, 503).wants(t, map[string]any{
		"status": 503.0, "unavailable": 1.0, "refused": 1.0, "recorded": 0.0,
		"rows.0.status": "unavailable", "rows.0.visible": false, "rows.1.status": "refused",
	})
	n.ledger.mend()
	n.ask(t, c, 200).wants(t, map[string]any{"recorded": 1.0, "unavailable": 0.0})
}

func TestBulk_outage_half_way_keeps_what_was_stored(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var body strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&body, "{\"ip\":\"203.0.%d.%d\",\"kind\":\"ssh\"}\n", i/250, i%250)
	}
	// The ledger fails when the second batch is on its way.
	fail := &failAfter{n: n, left: 1<<16 + 1000}
	r := n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, headers: []string{ndjsonBody}})
	fail.text = strings.NewReader(body.String())
	r.Body, r.ContentLength = fail, -1
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	doc := decode(t, w.Body.Bytes())
	recorded, unavailable := doc.at("recorded").(float64), doc.at("unavailable").(float64)
	if w.Code != 503 || recorded == 0 || unavailable == 0 || recorded+unavailable != 3000 {
		t.Errorf("answers %d, %v recorded, %v unavailable", w.Code, recorded, unavailable)
	}
	if stats := n.board.Stats(); float64(stats.Incidents) != recorded {
		t.Errorf("%d incidents are stored, but the answer says %v", stats.Incidents, recorded)
	}
}

// failAfter is a body during which the ledger fails.
type failAfter struct {
	n    *node
	text *strings.Reader
	left int
}

func (f *failAfter) Read(p []byte) (int, error) {
	read, err := f.text.Read(p[:min(len(p), 4096)])
	if f.left -= read; f.left < 0 {
		f.n.ledger.failWith(scoring.ErrUnavailable)
	}
	return read, err
}

func (f *failAfter) Close() error { return nil }

func TestBulk_body_that_breaks_off_tells_the_rows_that_were_taken(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, headers: []string{ndjsonBody}})
	r.Body = breaking{"{\"ip\":\"203.0.113.1\",\"kind\":\"ssh\"}\n{\"ip\":\"203", errors.ErrUnsupported}.body()
	r.ContentLength = -1
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	conforms(t, n.request(call{line: "POST /v1/incidents"}), w, false)
	decode(t, w.Body.Bytes()).wants(t, map[string]any{"recorded": 1.0, "rows.0.ip": "203.0.113.1", "rows.1": nil})
	if w.Code != http.StatusBadRequest {
		t.Errorf("answers %d", w.Code)
	}
}

func TestBulk_stops_when_the_client_is_gone(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var body strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&body, "{\"ip\":\"203.0.%d.%d\",\"kind\":\"ssh\"}\n", i/250, i%250)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, body: body.String(), headers: []string{ndjsonBody}}).WithContext(ctx)
	n.ServeHTTP(httptest.NewRecorder(), r)
	if stats := n.board.Stats(); stats.Incidents > 1000 {
		t.Errorf("%d incidents were stored for a client that was gone", stats.Incidents)
	}
}

func TestBody_limits(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const most = 32 << 20
	row := "{\"ip\":\"203.0.113.1\",\"kind\":\"ssh\",\"note\":\"" + strings.Repeat("x", 60000) + "\"}\n"
	for name, c := range map[string]call{
		"one object":         {body: `{"ip":"203.0.113.7","kind":"ssh","note":"` + strings.Repeat("x", 70<<10) + `"}`, headers: []string{jsonBody}},
		"one form":           {body: "ip=203.0.113.7&kind=ssh&note=" + strings.Repeat("x", 70<<10), headers: []string{formBody}},
		"announced":          {body: strings.Repeat(row, most/len(row)+1), headers: []string{ndjsonBody}},
		"array of many rows": {body: "[" + strings.Repeat(`{"ip":"10.0.0.1"},`, 100_000) + `{"ip":"10.0.0.1"}]`, headers: []string{jsonBody}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.line, c.as = "POST /v1/incidents", control.RoleReporter
			n.ask(t, c, http.StatusRequestEntityTooLarge)
		})
	}
	t.Run("unannounced", func(t *testing.T) {
		t.Parallel()
		r := n.request(call{line: "POST /v1/incidents", as: control.RoleReporter, headers: []string{ndjsonBody}})
		r.Body = http.NoBody
		r.ContentLength = -1
		r.Body = breaking{strings.Repeat(row, most/len(row)+1), nil}.body()
		w := httptest.NewRecorder()
		n.ServeHTTP(w, r)
		answer := decode(t, w.Body.Bytes())
		rows, _ := answer.at("rows").([]any)
		if w.Code != http.StatusRequestEntityTooLarge || len(rows) == 0 || answer.at("recorded") != float64(len(rows)) {
			t.Errorf("answers %d with %d rows, %v recorded", w.Code, len(rows), answer.at("recorded"))
		}
	})
}

func TestBody_types_that_are_not_taken(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, headers := range [][]string{
		{"Content-Type: application/xml"},
		{"Content-Type: multipart/form-data; boundary=x"},
		{"Content-Type: ;;"},
		{jsonBody, "Content-Encoding: br"},
		{jsonBody, "Content-Encoding: gzip, gzip"},
	} {
		n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "x", headers: headers}, http.StatusUnsupportedMediaType)
	}
}

// Editors begin files with a byte order mark, and lists have comments behind their
// addresses; neither costs a line.
func TestBulk_text_as_people_write_it(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const path = "POST /v1/incidents"
	for body, kind := range map[string]string{
		"\ufeff203.0.113.7\r\n# ours\r\n203.0.113.8 # a scanner\r\n \t# nothing\r\n":                               "?kind=scan.port",
		"\ufeff{\"ip\":\"203.0.113.7\",\"kind\":\"scan.port\"}\n{\"ip\":\"203.0.113.8\",\"kind\":\"scan.port\"}\n": "",
		"\ufeff[{\"ip\":\"203.0.113.7\",\"kind\":\"scan.port\"},{\"ip\":\"203.0.113.8\",\"kind\":\"scan.port\"}]":  "",
	} {
		for _, contentType := range []string{textBody, ndjsonBody, jsonBody, formBody} {
			fits := contentType == formBody || (contentType == textBody) == (kind != "") && (contentType == jsonBody) == strings.Contains(body, "[")
			if !fits {
				continue
			}
			n.ask(t, call{line: path + kind, as: control.RoleReporter, body: body, headers: []string{contentType}, tolerated: true}, 200).wants(t, map[string]any{"recorded": 2.0, "refused": 0.0})
		}
	}
	one := n.ask(t, call{line: path, as: control.RoleReporter, body: "\ufeff{\"ip\":\"203.0.113.9\",\"kind\":\"scan.port\"}", headers: []string{jsonBody}, tolerated: true}, 201)
	one.wants(t, map[string]any{"ip": "203.0.113.9"})
}

// What the lines are about is asked for once, not of each line.
func TestBulk_text_without_a_kind(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: "203.0.113.7\n203.0.113.8\n", headers: []string{textBody}}, 400).
		wants(t, map[string]any{"field": "kind", "hint": "such as ?kind=ssh.maxauth; /v1/policy has all kinds"})
}
