package abuseipdb_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"penaltybox/reportapi"
	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

const (
	api      = "/compat/abuseipdb/api/v2"
	formBody = "Content-Type: application/x-www-form-urlencoded"
	jsonBody = "Content-Type: application/json"
)

// send makes a request with a reporter's key, as fail2ban's curl does.
func send(n *compattest.Node, line, body string, headers ...string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(line, " ")
	return n.Do(method+" "+api+path, body, append(headers, "Key: "+n.Keys[control.RoleReporter], "Accept: application/json")...)
}

// strict tells everything.
func strict(config *reportapi.Config) { config.Foreign.AbuseIPDBStrict = true }

func wants(t *testing.T, w *httptest.ResponseRecorder, status int, parts ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("answers %d, want %d: %s", w.Code, status, w.Body)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("answer has no %s: %s", part, w.Body)
		}
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("answer is %s", kind)
	}
	if !json.Valid(w.Body.Bytes()) {
		t.Errorf("answer is no JSON: %s", w.Body)
	}
	known := status != http.StatusUnauthorized && !strings.Contains(w.Body.String(), "still loading") // the key
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining"} {
		if got := w.Header().Get(name); known != (got != "") {
			t.Errorf("answer %d has %s %q", status, name, got)
		}
	}
}

func multipartBody(t *testing.T, fields map[string]string, csv string) (body, header string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if csv != "" {
		part, err := w.CreateFormFile("csv", "report.csv")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(part, csv)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), "Content-Type: " + w.FormDataContentType()
}

// Every way in which a real client was seen to put its parameters.
func TestReport_shapes(t *testing.T) {
	t.Parallel()
	parts, partsType := multipartBody(t, map[string]string{"ip": "203.0.113.7", "categories": "18,22"}, "")
	for _, c := range []struct {
		name, query, body string
		headers           []string
		ip, notes         string
	}{
		{"fail2ban", "", "comment=Nov+22+11%3A29%3A16+srv1+sshd%5B1235%5D%3A+Failed+password%0A...&ip=2001%3Adb8%3A%3A7&categories=18,22", []string{formBody}, "2001:db8::7", "ssh.bruteforce: Nov 22 11:29:16 *** sshd[1235]: Failed password ..."},
		{"IPv6 as it is", "", "ip=2001:db8::7&categories=18,22", []string{formBody}, "2001:db8::7", "ssh.bruteforce: "},
		{"query and no body", "?ip=203.0.113.7&categories=18%2C22&comment=x", "", nil, "203.0.113.7", "ssh.bruteforce: x"},
		{"parts", "", parts, []string{partsType}, "203.0.113.7", "ssh.bruteforce: "},
		{"JSON", "", `{"ip":"203.0.113.7","categories":"21","comment":"x"}`, []string{jsonBody}, "203.0.113.7", "web.exploit: x"},
		{"JSON with lists", "", `{"ip":"203.0.113.7","categories":[18,"11"]}`, []string{jsonBody}, "203.0.113.7", "spam.mail: "},
		{"JSON as curl sends it", "", `{"ip":"203.0.113.7","categories":14}`, []string{formBody}, "203.0.113.7", "scan.port: "},
		{"PHP's lists", "", "ip=203.0.113.7&categories[]=14&categories[]=5", []string{formBody}, "203.0.113.7", "other.ftp: "},
		{"mapped address", "", "ip=::ffff:203.0.113.7&categories=22", []string{formBody}, "203.0.113.7", "ssh.bruteforce: "},
		{"a time whose plus became a space", "", "ip=203.0.113.7&categories=22&timestamp=2026-11-22T09:30:00+00:00", []string{formBody}, "203.0.113.7", "ssh.bruteforce: "},
		{"a time in a query", "?ip=203.0.113.7&categories=22&timestamp=2026-11-22T11:00:00+0130", "", nil, "203.0.113.7", "ssh.bruteforce: "},
		{"a time", "", "ip=203.0.113.7&categories=22&timestamp=2026-11-22T05:00:00-04:00", []string{formBody}, "203.0.113.7", "ssh.bruteforce: "},
		{"all categories at once", "", "ip=203.0.113.7&categories=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23", []string{formBody}, "203.0.113.7", "web.exploit: "},
		{"a long comment is cut", "", "ip=203.0.113.7&categories=22&comment=" + strings.Repeat("a", 2000), []string{formBody}, "203.0.113.7", "ssh.bruteforce: " + strings.Repeat("a", 1021) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := compattest.New(t)
			w := send(n, "POST /report"+c.query, c.body, c.headers...)
			wants(t, w, http.StatusOK, fmt.Sprintf(`"ipAddress":%q`, c.ip), `"abuseConfidenceScore":`)
			if notes := strings.Join(n.Notes(t, c.ip), "|"); notes != c.notes {
				t.Errorf("the ledger has %q, want %q", notes, c.notes)
			}
		})
	}
}

// What clients get wrong, and what they are told.
func TestReport_refusals(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	for _, c := range []struct {
		name, body string
		status     int
		parts      []string
	}{
		{"no address", "categories=22", 422, []string{`"source":{"parameter":"ip"}`, "None was sent"}},
		{"placeholder for the address", "ip=<ip>&categories=22", 422, []string{`"parameter":"ip"`, "<ip>"}},
		{"host name", "ip=host.example&categories=22", 422, []string{`"status":422`, "valid IPv4 or IPv6", "host.example"}},
		{"network", "ip=203.0.113.0/24&categories=22", 422, []string{`"parameter":"ip"`}},
		{"zone", "ip=fe80::1%25eth0&categories=22", 422, []string{`"parameter":"ip"`}},
		{"badly encoded", "ip=fe80::1%eth0&categories=22", 422, []string{`"parameter":"ip"`, "--data-urlencode"}},
		{"no category", "ip=203.0.113.7", 422, []string{`"parameter":"categories"`, "required"}},
		{"placeholder for categories", "ip=203.0.113.7&categories=<abuseipdb_category>", 422, []string{`"parameter":"categories"`, "abuseipdb_category="}},
		{"unknown category", "ip=203.0.113.7&categories=18,24", 422, []string{`"parameter":"categories"`, "24"}},
		{"category of words", "ip=203.0.113.7&categories=ssh", 422, []string{`"parameter":"categories"`, "ssh"}},
		{"commas only", "ip=203.0.113.7&categories=,,", 422, []string{`"parameter":"categories"`}},
		{"too many categories", "ip=203.0.113.7&categories=" + strings.Repeat("22,", 31), 422, []string{"more than 30"}},
		{"no time", "ip=203.0.113.7&categories=22&timestamp=yesterday", 422, []string{`"parameter":"timestamp"`, "ISO 8601"}},
		{"in the future", "ip=203.0.113.7&categories=22&timestamp=2027-01-01T00:00:00Z", 422, []string{`"parameter":"timestamp"`, "future"}},
		{"too long", "ip=203.0.113.7&categories=22&comment=" + strings.Repeat("a", 70<<10), 413, []string{"larger"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wants(t, send(n, "POST /report", c.body, formBody), c.status, append(c.parts, `{"errors":[{"detail":"`)...)
		})
	}
	for _, c := range []struct{ name, body, kind string }{
		{"half of JSON", `{"ip":"203.0.113.7"`, jsonBody},
		{"two objects", `{"ip":"203.0.113.7"}{}`, jsonBody},
		{"an array", `["203.0.113.7"]`, jsonBody},
		{"null", `null`, jsonBody},
		{"half of a form of parts", "--x\r\nContent-Disposition: form-data; name=\"ip\"\r\n\r\n203", "Content-Type: multipart/form-data; boundary=x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wants(t, send(n, "POST /report", c.body, c.kind), http.StatusBadRequest, `{"errors":[`)
		})
	}
	wants(t, send(n, "POST /report", "<xml/>", "Content-Type: text/xml"), http.StatusUnsupportedMediaType, "text/xml")
	wants(t, send(n, "POST /report", "x", "Content-Type: ;;;"), http.StatusUnsupportedMediaType)
	wants(t, send(n, "POST /report", `{"ip":{"a":1},"categories":"22"}`, jsonBody), http.StatusUnprocessableEntity, `"parameter":"ip"`)
	if score, _ := n.Score("203.0.113.7"); score != 0 {
		t.Errorf("refused reports count %d", score)
	}
	if log := n.Log.String(); !strings.Contains(log, "format refused") || !strings.Contains(log, "reporter=reporter") {
		t.Error("the log does not say what was refused, and whose it was")
	}
}

// fail2ban shows its user nothing but that curl did not succeed; so what is
// nobody's fault succeeds, unless the operator wants to hear of it.
func TestReport_quiet_and_strict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		strict     int
	}{
		{"private", "ip=192.168.0.7&categories=22", 422},
		{"loopback", "ip=127.0.0.1&categories=22", 422},
		{"its own address", "ip=" + compattest.ClientAddr + "&categories=22", 422},
		{"the server's", "ip=" + compattest.ServerAddr + "&categories=22", 422},
		{"exempt", "ip=203.0.113.99&categories=22", 422},
		{"long over", "ip=203.0.113.8&categories=22&timestamp=2020-01-01T00:00:00Z", 422},
		{"no incident", "ip=203.0.113.8&categories=13", 422},
		{"duplicate", "ip=203.0.113.50&categories=22", 429},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			quiet, told := compattest.New(t), compattest.New(t, strict)
			for _, n := range []*compattest.Node{quiet, told} {
				exempt(t, n, "203.0.113.99/32")
				wants(t, send(n, "POST /report", "ip=203.0.113.50&categories=22", formBody), http.StatusOK)
				n.Wait(time.Minute)
			}
			wants(t, send(quiet, "POST /report", c.body, formBody), http.StatusOK, `"abuseConfidenceScore":`)
			w := send(told, "POST /report", c.body, formBody)
			wants(t, w, c.strict, `"source":{"parameter":"ip"}`)
			if c.strict == 429 && (w.Header().Get("Retry-After") == "" || w.Header().Get("X-RateLimit-Reset") == "") {
				t.Errorf("429 without when to try again: %v", w.Header())
			}
		})
	}
}

func exempt(t *testing.T, n *compattest.Node, prefix string) {
	t.Helper()
	w := n.Do("POST /v1/exemptions", `{"prefix":"`+prefix+`","reason":"ours"}`, jsonBody, "Authorization: Bearer "+n.Keys[control.RoleAdmin])
	if w.Code/100 != 2 {
		t.Fatalf("exempting: %d: %s", w.Code, w.Body)
	}
}

func TestReport_keys(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	key := n.Keys[control.RoleReporter]
	const body = "ip=203.0.113.7&categories=22"
	for _, c := range []struct {
		name, query string
		headers     []string
		status      int
	}{
		{"none", "", nil, 401},
		{"broken", "", []string{"Key: KEY123"}, 401},
		{"placeholder", "", []string{"Key: <abuseipdb_apikey>"}, 401},
		{"read only", "", []string{"Key: " + n.Keys[control.RoleReader]}, 403},
		{"in the URL", "?key=" + key, nil, 200},
		{"in the header", "", []string{"Key: " + key}, 200},
	} {
		w := n.Do("POST "+api+"/report"+c.query, body, append(c.headers, formBody)...)
		if w.Code != c.status {
			t.Errorf("%s: answers %d, want %d: %s", c.name, w.Code, c.status, w.Body)
		}
		if c.status == 401 {
			wants(t, w, 401, `"Authentication failed.`, `"status":401}]}`)
		}
	}
	if strings.Contains(n.Log.String(), key) {
		t.Error("the key is in the log")
	}
}

func TestReport_outage(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	fault := fmt.Errorf("recording: %w", scoring.ErrUnavailable)
	n.Fault.Store(&fault)
	w := send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody)
	wants(t, w, http.StatusServiceUnavailable, `"status":503`)
	if w.Header().Get("Retry-After") == "" {
		t.Error("does not say when to try again")
	}
	body, kind := multipartBody(t, nil, csvHead+"203.0.113.7,22,,\n203.0.113.7,22,,\n")
	wants(t, send(n, "POST /bulk-report", body, kind), http.StatusServiceUnavailable)
	n.Fault.Store(nil)
	wants(t, send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody), http.StatusOK, `"abuseConfidenceScore":39`)
	n.Loaded.Store(false)
	wants(t, send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody), http.StatusServiceUnavailable)
}

// Several jails over one log report one event; it counts once, as much as the
// heaviest.
func TestReport_counts_once(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	other := n.AddReporter(t, "other", control.RoleReporter)
	score := func(want int) {
		t.Helper()
		if got, _ := n.Score("203.0.113.7"); got != want {
			t.Errorf("counts %d, want %d", got, want)
		}
	}
	report := func(categories string) {
		t.Helper()
		wants(t, send(n, "POST /report", "ip=203.0.113.7&categories="+categories, formBody), http.StatusOK)
	}
	report("14")
	score(5)
	report("18,22")
	score(20) // not 25
	report("14")
	report("18")
	score(20)
	n.Do("POST "+api+"/report", "ip=203.0.113.7&categories=18", "Key: "+other, formBody)
	score(40) // somebody else's
	n.Wait(14*time.Minute + 59*time.Second)
	report("18,22")
	score(40)
	n.Wait(time.Second)
	report("18,22")
	score(60)
	if _, listed := n.Score("203.0.113.7"); !listed {
		t.Error("three strikes do not list")
	}
}

func TestReport_counts_once_in_a_race(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			categories := []string{"14", "22", "8", "21"}[i%4]
			if w := send(n, "POST /report", "ip=2001:db8::7&categories="+categories, formBody); w.Code != http.StatusOK {
				t.Errorf("answers %d: %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	if score, _ := n.Score("2001:db8::7"); score != 30 {
		t.Errorf("counts %d, want 30, the heaviest", score)
	}
}

func TestReport_counts_each_if_told_so(t *testing.T) {
	t.Parallel()
	n := compattest.New(t, func(config *reportapi.Config) { config.Foreign.Once = 0 })
	for range 3 {
		send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody)
	}
	if score, listed := n.Score("203.0.113.7"); score != 60 || !listed {
		t.Errorf("counts %d, listed %t", score, listed)
	}
}

func TestReport_survives_any_error(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	fault := error(errDisk)
	n.Fault.Store(&fault)
	wants(t, send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody), http.StatusServiceUnavailable)
	if strings.Contains(n.Log.String(), "panicked") {
		t.Error("it panicked")
	}
}

func TestReport_compressed(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		fmt.Fprint(w, text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const gzipped = "Content-Encoding: gzip"
	wants(t, send(n, "POST /report", packed("ip=203.0.113.7&categories=22"), formBody, gzipped), http.StatusOK, `"abuseConfidenceScore":39`)
	wants(t, send(n, "POST /report", packed("ip=203.0.113.7&comment="+strings.Repeat("a", 60<<20)), formBody, gzipped), http.StatusRequestEntityTooLarge)
	wants(t, send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody, gzipped), http.StatusBadRequest)
	wants(t, send(n, "POST /report", "ip=203.0.113.7&categories=22", formBody, "Content-Encoding: compress"), http.StatusUnsupportedMediaType, "compress")
}
