package abuseipdb_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring/control"
)

var errDisk = errors.New("disk on fire")

// Foreign bytes may be refused, but never end in a fault of ours, and the answer
// is always AbuseIPDB's.
func FuzzReport(f *testing.F) {
	for _, seed := range []struct{ query, kind, body string }{
		{"", "application/x-www-form-urlencoded", "ip=203.0.113.7&categories=18,22&comment=x"},
		{"ip=203.0.113.7&categories=18", "", ""},
		{"key=x", "application/json", `{"ip":"203.0.113.7","categories":[18,22]}`},
		{"", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"ip\"\r\n\r\n203.0.113.7\r\n--x--\r\n"},
		{"", "application/x-www-form-urlencoded", "ip=<ip>&categories=<abuseipdb_category>&timestamp=1"},
	} {
		f.Add(seed.query, seed.kind, seed.body)
	}
	n := compattest.New(f)
	f.Fuzz(func(t *testing.T, query, kind, body string) {
		r, err := http.NewRequest(http.MethodPost, "http://example.com/?"+query, nil)
		if err != nil {
			return // no URL, which net/http refuses before we see it
		}
		w := n.Do("POST "+api+"/report?"+r.URL.Query().Encode(), body, "Content-Type: "+kind, "Key: "+n.Keys[control.RoleReporter])
		var answer struct {
			Data   map[string]any
			Errors []struct{ Status int }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%d: %v: %s", w.Code, err, w.Body)
		}
		if w.Code >= 500 || w.Code == 200 && answer.Data == nil || w.Code != 200 && (len(answer.Errors) != 1 || answer.Errors[0].Status != w.Code) {
			t.Errorf("answers %d: %s", w.Code, w.Body)
		}
	})
}

func FuzzBulkReport(f *testing.F) {
	f.Add(csvHead + "203.0.113.7,22,,\n")
	f.Add(csvHead + `203.0.113.7,"18,22",2018-12-18T10:00:37-04:00,"a ""b"" \"c\""` + "\r\n")
	f.Add("\ufeff" + csvHead + "\"\n,,,\n\"\"\"\n")
	n := compattest.New(f)
	f.Fuzz(func(t *testing.T, csv string) {
		body := "--xyzzy\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"r.csv\"\r\n\r\n" + csv + "\r\n--xyzzy--\r\n"
		w := n.Do("POST "+api+"/bulk-report", body, "Content-Type: multipart/form-data; boundary=xyzzy", "Key: "+n.Keys[control.RoleReporter])
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("answers %d: %s", w.Code, w.Body)
		}
	})
}
