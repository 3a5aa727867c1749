package stopforumspam_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"penaltybox/reportapi"
	"penaltybox/reportapi/compat/compattest"
	"penaltybox/scoring/control"
)

const (
	path     = "/compat/stopforumspam/api"
	formBody = "Content-Type: application/x-www-form-urlencoded"
)

// newNode lists 203.0.113.7 and 2001:db8::7; 203.0.113.8 has 40 points.
func newNode(t testing.TB, alter ...func(*reportapi.Config)) *compattest.Node {
	t.Helper()
	n := compattest.New(t, alter...)
	for _, ip := range []string{"203.0.113.7", "203.0.113.7", "203.0.113.7", "2001:db8::7", "2001:db8::7", "2001:db8::7", "203.0.113.8", "203.0.113.8"} {
		w := n.Do("POST /v1/incidents", "ip="+ip+"&kind=ssh.maxauth", formBody, "Authorization: Bearer "+n.Keys[control.RoleReporter])
		if w.Code != http.StatusCreated {
			t.Fatalf("reporting: %d: %s", w.Code, w.Body)
		}
	}
	return n
}

func TestQuery(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	const (
		listed = `{"lastseen":"2026-11-22 10:00:00","frequency":3,"appears":1,"confidence":100,"delegated":null,"country":null,"asn":null}`
		absent = `{"frequency":0,"appears":0}`
	)
	for _, c := range []struct{ name, query, want string }{
		{"listed", "ip=203.0.113.7&json", `{"success":1,"ip":` + listed + `}`},
		{"f=json", "f=json&ip=2001:db8::9", `{"success":1,"ip":` + listed + `}`}, // of the same /64
		{"under the threshold", "ip=203.0.113.8&json", `{"success":1,"ip":` + absent + `}`},
		{"private", "ip=127.0.0.1&json", `{"success":1,"ip":` + absent + `}`},
		{"every field", "ip=203.0.113.7&email=a@b.example&emailhash=00&username=%22%3C,%00&f=json", `{"success":1,"ip":` + listed + `,"email":` + absent + `,"emailhash":` + absent + `,"username":` + absent + `}`},
		{"a name alone", "username=x&json", `{"success":1,"username":` + absent + `}`},
		{"lists", "ip[]=203.0.113.7&ip[]=203.0.113.8&username[]=a,b&username[]=c&json", `{"success":1,"ip":[` + listed + `,` + absent + `],"username":[` + absent + `,` + absent + `]}`},
		{"list of one", "ip[]=203.0.113.8&json", `{"success":1,"ip":[` + absent + `]}`},
		{"epoch", "ip=203.0.113.7&json&unix", strings.Replace(`{"success":1,"ip":`+listed+`}`, `"2026-11-22 10:00:00"`, `1795341600`, 1)},
		{"XML", "ip=203.0.113.7&username=x", `<response success="true"><type>ip</type><lastseen>2026-11-22 10:00:00</lastseen><frequency>3</frequency><appears>yes</appears><type>username</type><frequency>0</frequency><appears>no</appears></response>`},
		{"XML of elements", "ip[]=203.0.113.8&ip[]=203.0.113.8&f=xmldom", xml.Header + `<response><success>1</success><ip><frequency>0</frequency><appears>0</appears></ip><ip><frequency>0</frequency><appears>0</appears></ip></response>`},
		{"PHP", "ip=203.0.113.7&serial", `a:2:{s:7:"success";i:1;s:2:"ip";a:7:{s:8:"lastseen";s:19:"2026-11-22 10:00:00";s:9:"frequency";i:3;s:7:"appears";i:1;s:10:"confidence";i:100;s:9:"delegated";N;s:7:"country";N;s:3:"asn";N;}}`},
	} {
		key := "&api_key=" + n.Keys[control.RoleChecker]
		get := n.Do("GET "+path+"?"+c.query+key, "")
		post := n.Do("POST "+path, c.query+key, formBody)
		if got := strings.TrimSpace(get.Body.String()); get.Code != http.StatusOK || got != strings.TrimSpace(c.want) {
			t.Errorf("%s: %d\n%s, want\n%s", c.name, get.Code, got, c.want)
		}
		if post.Body.String() != get.Body.String() {
			t.Errorf("%s: POST answers %d: %s", c.name, post.Code, post.Body)
		}
	}
	if log := n.Log.String(); strings.Contains(log, "b.example") || strings.Contains(log, "pbx_") {
		t.Error("the log has what was asked for, or the key")
	}
}

func TestQuery_faults(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	key := "&api_key=" + n.Keys[control.RoleReader]
	for _, c := range []struct {
		name, query string
		status      int
	}{
		{"no key", "ip=203.0.113.7&json", 401},
		{"wrong key", "ip=203.0.113.7&json&api_key=x", 401},
		{"nothing asked", "json" + key, 400},
		{"no address", "ip=host.example&json" + key, 400},
		{"empty", "ip=&json" + key, 400},
		{"placeholder", "ip=<ip>&json" + key, 400},
		{"one bad of many", "ip[]=203.0.113.7&ip[]=x&json" + key, 400},
		{"too many", strings.Repeat("ip[]=203.0.113.7&", 16) + "json" + key, 400},
		{"unknown format", "ip=203.0.113.7&f=cbor" + key, 400},
		{"badly encoded", "ip=%zz&json" + key, 422},
	} {
		w := n.Do("POST "+path, c.query, formBody)
		if w.Code != c.status {
			t.Errorf("%s: answers %d: %s", c.name, w.Code, w.Body)
		}
		if strings.Contains(w.Header().Get("Content-Type"), "json") && !strings.HasPrefix(w.Body.String(), `{"success":0,"error":"`) {
			t.Errorf("%s: answers %s", c.name, w.Body)
		}
	}
	n.Loaded.Store(false)
	if w := n.Do("GET "+path+"?ip=203.0.113.7&json"+key, ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("loading: answers %d: %s", w.Code, w.Body)
	}
}

func TestQuery_open(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(config *reportapi.Config) { config.Foreign.StopForumSpamOpen = true })
	if w := n.Do("GET "+path+"?ip=203.0.113.7&f=json", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"appears":1`) {
		t.Errorf("answers %d: %s", w.Code, w.Body)
	}
}

// Whatever is asked, the answer is in the format that was asked for.
func FuzzQuery(f *testing.F) {
	f.Add("203.0.113.7", "a@b.example", "name")
	f.Add("<ip>", "", "\x00]]>")
	n := newNode(f)
	f.Fuzz(func(t *testing.T, ip, email, username string) {
		for _, format := range []string{"json", "xml", "xmldom"} {
			query := url.Values{"ip": {ip}, "email": {email}, "username": {username}, "f": {format}, "api_key": {n.Keys[control.RoleChecker]}}
			w := n.Do("POST "+path, query.Encode(), formBody)
			ok := w.Code < 500
			if format == "json" {
				ok = ok && json.Valid(w.Body.Bytes())
			} else {
				decoder := xml.NewDecoder(w.Body)
				var err error
				for err == nil {
					_, err = decoder.Token()
				}
				ok = ok && err == io.EOF
			}
			if !ok {
				t.Errorf("%s: %d: %s", format, w.Code, w.Body)
			}
		}
	})
}
