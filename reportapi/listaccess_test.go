package reportapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"penaltybox/scoring/control"
)

// basic is the header that curl -u USER:KEY sends.
func basic(user, key string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+key))
}

func TestBlocklist_key_as_a_password(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	key := n.keys[control.RoleReader]
	for header, status := range map[string]int{
		basic("anybody", key): 200, basic("", key): 200, basic(key, ""): 200, basic(key, "x"): 401, basic("a", ""): 401, "X-Other: 1": 401,
	} {
		w := n.do(t, call{line: "GET /v1/blocklist", headers: []string{header}})
		challenges := strings.Join(w.Header().Values("WWW-Authenticate"), ", ")
		if w.Code != status || (status == 401) != strings.Contains(challenges, "Basic") {
			t.Errorf("%s answers %d, WWW-Authenticate %q", header, w.Code, challenges)
		}
	}
	// Only where nothing can be changed: a browser sends passwords along with
	// what other sites make it send.
	for _, line := range []string{"POST /v1/incidents", "GET /v1/ips/203.0.113.7"} {
		w := n.do(t, call{line: line, headers: []string{basic("a", n.keys[control.RoleAdmin])}})
		if w.Code != http.StatusUnauthorized || strings.Contains(strings.Join(w.Header().Values("WWW-Authenticate"), ""), "Basic") {
			t.Errorf("%s takes a password: %d", line, w.Code)
		}
	}
}

func TestBlocklist_key_in_the_path(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	n.strike(t, "2001:db8::7")
	reader := n.keys[control.RoleReader]
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		reader + "/plain":                              {200, "203.0.113.7\n2001:db8::/64\n"},
		reader + "/nginx-deny?family=4":                {200, "deny 203.0.113.7;\n"},
		reader + "/plain.txt?family=4":                 {200, "203.0.113.7\n"},
		reader + "/nginx-deny.txt?family=4":            {200, "deny 203.0.113.7;\n"},
		reader + "/csv.csv?threshold=1000":             {200, "ip,points,reporters,expires,categories\n"},
		reader + "/plain.csv":                          {400, ""},
		reader + "/plain.txt.txt":                      {400, ""},
		reader + "/.txt":                               {400, ""},
		reader + "/plain?format=json":                  {400, ""},
		reader + "/nonsense":                           {400, ""},
		"pbx_nonsense/plain":                           {401, ""},
		n.keys[control.RoleReporter] + "/plain":        {403, ""},
		n.keys[control.RoleAdmin] + "/plain":           {403, ""},
		reader:                                         {404, ""},
		reader + "/plain/more":                         {404, ""},
		strings.Replace(reader, "_", "", 1) + "/plain": {401, ""},
	} {
		w := n.do(t, call{line: "GET /lists/" + path})
		if w.Code != want.status || want.status == 200 && w.Body.String() != want.text {
			t.Errorf("/lists/%s answers %d: %s", path, w.Code, w.Body)
		}
		if w.Code != 200 && strings.Contains(w.Body.String(), reader) {
			t.Errorf("/lists/%s: the answer has the key: %s", path, w.Body)
		}
	}
	if w := n.do(t, call{line: "POST /lists/" + reader + "/plain"}); w.Code != http.StatusMethodNotAllowed || strings.Contains(w.Body.String(), reader) {
		t.Errorf("POST answers %d: %s", w.Code, w.Body)
	}
	metrics := n.do(t, call{line: "GET /metrics", from: "127.0.0.1"}).Body.String()
	for what, text := range map[string]string{"log": n.log.String(), "metrics": metrics} {
		if !strings.Contains(text, "/lists/:key/:format") {
			t.Errorf("the %s knows nothing of the route", what)
		}
		for role, key := range n.keys {
			if strings.Contains(text, key) {
				t.Errorf("the %s has the key of %s", what, role)
			}
		}
	}
}

func TestBlocklist_compressed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.fill(20_000)
	plain, etag := n.list(t, "")
	tags := map[string]string{etag: "identity"}
	for accept, want := range map[string]string{
		"gzip": "gzip", "gzip, zstd": "zstd", "zstd;q=0.5, gzip": "gzip", "br, *;q=0.1": "zstd", "gzip;q=0": "", "identity, gzip;q=0.5": "",
		"GZIP;q=1.0": "gzip", "zstd;q=nonsense": "", "br": "", "": "", "gzip;q=0, *": "zstd",
	} {
		w := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader, headers: []string{"Accept-Encoding: " + accept}})
		if got := w.Header().Get("Content-Encoding"); got != want || !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q is answered in %q, Vary %q", accept, got, w.Header().Get("Vary"))
			continue
		}
		if text := decompress(t, want, w.Body.Bytes()); text != plain {
			t.Errorf("%q: another list, of %d bytes", accept, len(text))
		}
		tag := w.Header().Get("ETag")
		if other, seen := tags[tag]; want != "" && seen && other != want {
			t.Errorf("%s and %s have one ETag, %s", want, other, tag)
		}
		if want == "" {
			continue
		}
		tags[tag] = want
		for _, method := range []string{"GET", "HEAD"} {
			w = n.do(t, call{line: method + " /v1/blocklist", as: control.RoleReader, headers: []string{"Accept-Encoding: " + accept, "If-None-Match: " + tag}})
			if w.Code != http.StatusNotModified || w.Header().Get("ETag") != tag {
				t.Errorf("%s with %s answers %d, %s", method, tag, w.Code, w.Header().Get("ETag"))
			}
		}
		// Who kept it compressed does not have it as it is.
		if text, _ := n.list(t, "", "If-None-Match: "+tag); text != plain {
			t.Errorf("the list itself is %d bytes", len(text))
		}
	}
	head := n.do(t, call{line: "HEAD /v1/blocklist", as: control.RoleReader, headers: []string{"Accept-Encoding: zstd"}})
	if head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("Content-Encoding") != "zstd" {
		t.Errorf("HEAD answers %d, %v", head.Code, head.Header())
	}
}

func decompress(t *testing.T, encoding string, body []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch encoding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	must(t, err)
	text, err := io.ReadAll(r)
	must(t, err)
	return string(text)
}

// The date is told from the next second on, and only the very date counts: what
// changes within one second, or on another node, would have the same.
func TestBlocklist_Last_Modified(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.strike(t, "203.0.113.7")
	get := func(headers ...string) (int, string) {
		w := n.do(t, call{line: "GET /v1/blocklist", as: control.RoleReader, headers: headers})
		return w.Code, w.Header().Get("Last-Modified")
	}
	if code, date := get(); code != 200 || date != "" {
		t.Errorf("in the second of the first answer: %d, %q", code, date)
	}
	n.clock.Add(1)
	code, first := get()
	if code != 200 || first != start.Format(http.TimeFormat) {
		t.Errorf("a second later: %d, %q", code, first)
	}
	for header, want := range map[string]int{
		first: 304, start.Add(-time.Second).Format(http.TimeFormat): 200, start.Add(time.Hour).Format(http.TimeFormat): 200, "nonsense": 200,
	} {
		if code, _ := get("If-Modified-Since: " + header); code != want {
			t.Errorf("If-Modified-Since %s answers %d, want %d", header, code, want)
		}
	}
	if code, _ := get("If-Modified-Since: "+first, `If-None-Match: "other"`); code != 200 {
		t.Errorf("If-None-Match does not go first: %d", code)
	}
	n.strike(t, "203.0.113.8")
	if code, date := get("If-Modified-Since: " + first); code != 200 || date != "" {
		t.Errorf("after a change: %d, %q", code, date)
	}
	n.clock.Add(5)
	if _, date := get(); date != start.Add(time.Second).Format(http.TimeFormat) {
		t.Errorf("the list changed at %s", date)
	}
	if w := n.do(t, call{line: "GET /v1/blocklist?threshold=30", as: control.RoleReader}); w.Header().Get("Last-Modified") != "" {
		t.Error("a variant has a date, and nobody watches it")
	}
}
