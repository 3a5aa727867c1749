package blocklistde_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring/control"
)

const (
	path     = "/compat/blocklistde/en/httpreports.html"
	formBody = "Content-Type: application/x-www-form-urlencoded"
)

// TestReport_shapes sends what clients were seen to send.
func TestReport_shapes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, line, body, ip, notes string }{
		{"fail2ban", "POST " + path, "server=root%40srv1.example&apikey=KEY&service=sshd&ip=2001:db8::7&logs=Nov+22+%0AFailed%3Cbr%3E&format=text", "2001:db8::7", "ssh.bruteforce: Nov 22  Failed"},
		{"German", "POST /compat/blocklistde/de/httpreports.html", "server=17&apikey=KEY&service=mail&ip=203.0.113.7&logs=x", "203.0.113.7", "mail.auth: x"},
		{"GET", "GET " + path + "?server=17&apikey=KEY&service=apache-noscript&ip=203.0.113.7&logs=x", "", "203.0.113.7", "web.exploit: x"},
		{"filter's options", "POST " + path, "apikey=KEY&service=sshd[mode=normal]&ip=203.0.113.7", "203.0.113.7", "ssh.bruteforce: "},
		{"a jail of one's own", "POST " + path, "apikey=KEY&service=postfix-sasl&ip=203.0.113.7", "203.0.113.7", "mail.auth: "},
		{"longest name", "POST " + path, "apikey=KEY&service=Apache-Auth&ip=203.0.113.7", "203.0.113.7", "web.login: "},
		{"one of our kinds", "POST " + path, "apikey=KEY&service=web.secret&ip=203.0.113.7", "203.0.113.7", "web.secret: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := compattest.New(t)
			key := n.Keys[control.RoleReporter]
			w := n.Do(strings.ReplaceAll(c.line, "KEY", key), strings.ReplaceAll(c.body, "KEY", key), formBody)
			if w.Code != http.StatusOK || w.Body.String() != "status=success\nerror=0\n" {
				t.Errorf("answers %d: %s", w.Code, w.Body)
			}
			if notes := strings.Join(n.Notes(t, c.ip), "|"); notes != c.notes {
				t.Errorf("the ledger has %q, want %q", notes, c.notes)
			}
			if strings.Contains(n.Log.String(), key) {
				t.Error("the key is in the log")
			}
		})
	}
}

func TestReport_answers(t *testing.T) {
	t.Parallel()
	n := compattest.New(t)
	post := func(body string) (int, string) {
		w := n.Do("POST "+path, "apikey="+n.Keys[control.RoleReporter]+"&"+body, formBody)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		name, body string
		status     int
		part       string
	}{
		{"json", "ip=203.0.113.7&service=ssh&format=json", 200, `{"error":0,"status":"success"}`},
		{"xml", "ip=203.0.113.7&service=ssh&format=xml", 200, `<result><status>success</status><error>0</error></result>`},
		{"php", "ip=203.0.113.7&service=ssh&format=php", 200, `a:2:{s:6:"status";s:7:"success";s:5:"error";s:1:"0";}`},
		{"private", "ip=10.0.0.1&service=ssh", 200, "status=success"},
		{"own", "ip=" + compattest.ClientAddr + "&service=ssh", 200, "status=success"},
		{"recidive", "ip=203.0.113.8&service=recidive", 200, "status=success"},
		{"no address", "service=ssh", 422, "ip="},
		{"placeholder", "ip=<ip>&service=ssh", 422, "<ip>"},
		{"no address, in XML", "ip=<a>%26&service=ssh&format=xml", 422, `<ip>&#34;&lt;a&gt;&amp;&#34;`},
		{"no service", "ip=203.0.113.8", 422, "service=is missing"},
		{"service's placeholder", "ip=203.0.113.8&service=<service>&format=json", 422, `"service":`},
		{"unknown service", "ip=203.0.113.8&service=gopher&format=php", 422, `a:3:{s:6:"status";s:5:"error";s:5:"error";s:1:"1";s:7:"service";`},
		{"a moderator's kind", "ip=203.0.113.8&service=hacked.host", 403, "apikey="},
		{"strange parameter", "ip=203.0.113.8&se%3Crvice=%zz", 422, "request="},
		{"too long", "ip=203.0.113.8&service=ssh&logs=" + strings.Repeat("a", 70<<10), 413, "status=error"},
	} {
		code, body := post(c.body)
		if code != c.status || !strings.Contains(body, c.part) {
			t.Errorf("%s: answers %d, want %d: %s", c.name, code, c.status, body)
		}
	}
	if score, _ := n.Score("203.0.113.7"); score != 20 {
		t.Errorf("one event counts %d", score)
	}
	if score, _ := n.Score("203.0.113.8"); score != 0 {
		t.Errorf("refused reports count %d", score)
	}
	for _, key := range []string{"", "KEY123"} {
		if w := n.Do("POST "+path, "apikey="+key+"&ip=203.0.113.7&service=ssh", formBody); w.Code != http.StatusUnauthorized {
			t.Errorf("key %q: answers %d", key, w.Code)
		}
	}
	fault := errors.New("disk on fire")
	n.Fault.Store(&fault)
	if code, body := post("ip=203.0.113.9&service=ssh"); code != http.StatusServiceUnavailable {
		t.Errorf("outage: answers %d: %s", code, body)
	}
	n.Loaded.Store(false)
	if code, body := post("ip=203.0.113.9&service=ssh"); code != http.StatusServiceUnavailable {
		t.Errorf("loading: answers %d: %s", code, body)
	}
}

// Whatever is sent, the answer is in the format that was asked for.
func FuzzReport(f *testing.F) {
	f.Add("203.0.113.7", "sshd", "line<br>")
	f.Add("<ip>", "<service>", "\x00")
	f.Add("203.0.113.7", "sshd[mode=normal]", "]]>")
	n := compattest.New(f)
	f.Fuzz(func(t *testing.T, ip, service, logs string) {
		for _, format := range []string{"text", "json", "xml"} {
			body := url.Values{"ip": {ip}, "service": {service}, "logs": {logs}, "format": {format}, "apikey": {n.Keys[control.RoleReporter]}}.Encode()
			w := n.Do("POST "+path, body, formBody)
			ok := w.Code < 500
			switch format {
			case "json":
				ok = ok && json.Valid(w.Body.Bytes())
			case "xml":
				var answer struct {
					Status string `xml:"status"`
				}
				ok = ok && xml.Unmarshal(w.Body.Bytes(), &answer) == nil && answer.Status != ""
			}
			if !ok {
				t.Errorf("%s: %d: %s", format, w.Code, w.Body)
			}
		}
	})
}
