package reportapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"penaltybox/reportapi/coding"
	"penaltybox/scoring/control"
)

var bothCodings = []coding.Coding{coding.Gzip, coding.Zstd}

// encoded is a text in a coding.
func encoded(t testing.TB, c coding.Coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := coding.New().Writer(c, &b)
	_, err := io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	return b.String()
}

func TestBody_compressed(t *testing.T) {
	t.Parallel()
	for _, c := range bothCodings {
		n := newNode(t)
		send := call{line: "POST /v1/incidents", as: control.RoleReporter, headers: []string{jsonBody, "Content-Encoding: " + string(c)}, tolerated: true}
		send.body = encoded(t, c, `{"ip":"203.0.113.7","kind":"ssh.maxauth"}`)
		in := n.ask(t, send, http.StatusCreated)
		send.body = encoded(t, c, `[{"ip":"203.0.113.8","kind":"ssh.maxauth"},{"ip":"203.0.113.9","kind":"ssh.maxauth"}]`)
		n.ask(t, send, http.StatusOK).wants(t, map[string]any{"recorded": 2.0})
		send.headers[0] = ndjsonBody
		send.body = encoded(t, c, five("\n", "", "\n"))
		n.ask(t, send, http.StatusOK).wants(t, map[string]any{"recorded": 4.0, "refused": 1.0})
		send.headers[0] = formBody // and what lies in it is found by its first byte
		n.ask(t, send, http.StatusOK).wants(t, map[string]any{"recorded": 4.0, "refused": 1.0})
		send.line, send.body = fmt.Sprintf("PATCH /v1/incidents/203.0.113.7/%s", in.at("id")), encoded(t, c, "withdrawn=true&reason=ours")
		n.ask(t, send, http.StatusOK).wants(t, map[string]any{"withdrawn": true})
	}
}

// What was taken before a body turned out a bomb, or damaged, is told.
func TestBody_compressed_bombs_and_damage(t *testing.T) {
	t.Parallel()
	row := `{"ip":"203.0.113.7","kind":"ssh.maxauth"}` + "\n"
	for _, c := range bothCodings {
		zeros := encoded(t, c, row+strings.Repeat(" ", 40<<20))
		long := encoded(t, c, strings.Repeat(`{"ip":"10.0.0.1","note":"`+strings.Repeat("x", 50_000)+"\"}\n", 700))
		for name, test := range map[string]struct {
			body   string
			status int
		}{
			"a bomb":      {zeros, http.StatusRequestEntityTooLarge},
			"too long":    {long, http.StatusRequestEntityTooLarge},
			"cut":         {encoded(t, c, row)[:20], http.StatusBadRequest},
			"not encoded": {row, http.StatusBadRequest},
		} {
			for _, kind := range []string{ndjsonBody, jsonBody, formBody, textBody} {
				n := newNode(t)
				line := "POST /v1/incidents"
				if kind == textBody {
					line += "?kind=ssh.maxauth"
				}
				answer := n.ask(t, call{line: line, as: control.RoleReporter, body: test.body, headers: []string{kind, "Content-Encoding: " + string(c)}, tolerated: true}, test.status)
				if answer.at("detail") == "" || answer.at("hint") == "" {
					t.Errorf("%s, %s: %v tells too little", c, name, answer)
				}
			}
		}
	}
}

func TestEncode_large_answers_as_the_client_can_take_them(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var rows strings.Builder
	for i := range 100 {
		fmt.Fprintf(&rows, `{"ip":"203.0.113.%d","kind":"ssh.maxauth","observed":1795341000}`+"\n", i)
	}
	n.ask(t, call{line: "POST /v1/incidents", as: control.RoleReporter, body: rows.String(), headers: []string{ndjsonBody}}, http.StatusOK)
	answer := func(line, accept string) *httptest.ResponseRecorder {
		body := ""
		if strings.HasPrefix(line, "POST") {
			body = rows.String()
		}
		w := httptest.NewRecorder()
		n.ServeHTTP(w, n.request(call{line: line, as: control.RoleReporter, body: body, headers: []string{ndjsonBody, "Accept-Encoding: " + accept}}))
		return w
	}
	for _, line := range []string{"GET /v1/incidents", "POST /v1/incidents", "GET /openapi.yaml", "GET /v1/policy"} {
		plain := answer(line, "identity")
		if encoding := plain.Header().Get("Content-Encoding"); encoding != "" || plain.Header().Get("Vary") == "" {
			t.Errorf("%s: encoding %q, Vary %q", line, encoding, plain.Header().Get("Vary"))
		}
		for _, c := range bothCodings {
			w := answer(line, string(c))
			length := w.Body.Len()
			text, err := io.ReadAll(coding.New().Reader(c, w.Body, 1<<30))
			must(t, err)
			if w.Header().Get("Content-Encoding") != string(c) || w.Header().Get("Content-Length") != "" || !bytes.Equal(text, plain.Body.Bytes()) || length >= len(text) {
				t.Errorf("%s in %s: %v, %d bytes of %d", line, c, w.Header(), length, len(text))
			}
		}
	}
	for _, line := range []string{"GET /v1/check/203.0.113.7", "GET /healthz", "GET /v1/ips/198.51.100.77", "GET /nowhere"} {
		if encoding := answer(line, "gzip, zstd").Header().Get("Content-Encoding"); encoding != "" {
			t.Errorf("%s is sent in %s, which small answers are not worth", line, encoding)
		}
	}
}

// An entity tag stands for the bytes that go with it.
func TestEncode_leaves_what_is_tagged_alone(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	in := n.report(t, control.RoleReporter, "ip=203.0.113.7&kind=ssh.maxauth&note="+strings.Repeat("x", 2000))
	w := httptest.NewRecorder()
	n.ServeHTTP(w, n.request(call{line: fmt.Sprintf("GET /v1/incidents/203.0.113.7/%s", in.at("id")), as: control.RoleAdmin, headers: []string{"Accept-Encoding: gzip"}}))
	if w.Header().Get("ETag") == "" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("answers %d, %v", w.Code, w.Header())
	}
}
