package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// onTerminal runs a command line as a person sees it.
func onTerminal(t *testing.T, server http.HandlerFunc, args ...string) (code int, out, errs string) {
	t.Helper()
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	t.Setenv("PENALTYBOX_URL", web.URL)
	t.Setenv("PENALTYBOX_KEY", "pbx_test")
	var stdout, stderr bytes.Buffer
	s := newStreams(strings.NewReader(""), &stdout, &stderr)
	s.outTerminal = true
	code = run(t.Context(), args, s)
	return code, strings.ReplaceAll(stdout.String(), web.URL, "URL"), stderr.String()
}

// What a person sees is aligned, with headings and a word on what it means.
func TestRun_onTerminal(t *testing.T) {
	tests := []struct {
		args   string
		answer string
		want   string
	}{
		{
			"report 203.0.113.7 ssh",
			`{"status":"recorded","visible":true,"id":"00000000000000aa","kind":"ssh.maxauth","points":20,"expires":"2026-12-22T10:00:00Z","score":60,
			  "zones":[{"zone":"bl.example","listed":true,"until":"2026-12-20T10:00:00Z"},{"zone":"other.example","listed":false}]}`,
			"ADDRESS      STATUS    KIND         POINTS  EXPIRES               SCORE  ID\n" +
				"203.0.113.7  recorded  ssh.maxauth  20      2026-12-22T10:00:00Z  60     00000000000000aa\n" +
				"\nlisted in bl.example until 2026-12-20T10:00:00Z\n",
		},
		{
			"report 127.0.0.1 ssh", `{"status":"ignored","ignored":"own address"}`,
			"ADDRESS    STATUS   KIND  POINTS  EXPIRES  SCORE  ID\n" +
				"127.0.0.1  ignored  -     0       -        0      -\n" +
				"\nnot counted: own address\n",
		},
		{
			"report 203.0.113.7 ssh", `{"status":"recorded","visible":false}`,
			"ADDRESS      STATUS    KIND  POINTS  EXPIRES  SCORE  ID\n" +
				"203.0.113.7  recorded  -     0       -        0      -\n" +
				"\nstored; this node's DNS will follow shortly\n",
		},
		{
			"check 203.0.113.7", `{"listed":true,"score":60,"until":"2026-12-20T10:00:00Z","categories":["ssh","web"]}`,
			"ADDRESS      VERDICT  SCORE  UNTIL                 CATEGORIES\n" +
				"203.0.113.7  listed   60     2026-12-20T10:00:00Z  ssh,web\n",
		},
		{
			"explain 203.0.113.7",
			`{"answers":[{"name":"7.113.0.203.bl.example","zone":"bl.example","reason":"not_listed","why":"the address is not listed: 1 of 2 organisations","rcode":"NXDOMAIN",
			  "standing":{"score":50,"threshold":50,"organisations":1,"min_organisations":2},"incidents":[
			    {"kind":"ssh.maxauth","reporter":"web1","points":20,"counted":20},
			    {"kind":"ssh.maxauth","reporter":"web2","points":20,"counted":5,"less":[{"by":"weight","limit":50},{"by":"reporter_cap","limit":5}]},
			    {"kind":"web.login","reporter":"web1","points":20,"counted":15,"less":[{"by":"kind_cap","limit":15}]},
			    {"kind":"ssh.maxauth","reporter":"web3","points":20,"counted":0,"less":[{"by":"void","void":"k3v7","reason":"was broken"}]},
			    {"kind":"forum.spam","reporter":"web3","points":20,"counted":0,"less":[{"by":"category"}]},
			    {"kind":"ssh.maxauth","reporter":"web9","points":20,"counted":0,"less":[{"by":"probation"}]}]}]}`,
			"7.113.0.203.bl.example\n" +
				"  answer         NXDOMAIN\n" +
				"  why            the address is not listed: 1 of 2 organisations\n" +
				"  zone           bl.example\n" +
				"  score          50 of 50\n" +
				"  organisations  1 of 2\n" +
				"  counts         20 of 20: ssh.maxauth by web1\n" +
				"  counts         5 of 20: ssh.maxauth by web2 (weight 50%, at most 5 by one reporter)\n" +
				"  counts         15 of 20: web.login by web1 (at most 15 by one reporter of such a kind)\n" +
				"  counts         0 of 20: ssh.maxauth by web3 (taken back by void k3v7: was broken)\n" +
				"  counts         0 of 20: forum.spam by web3 (not counted in this zone)\n" +
				"  counts         0 of 20: ssh.maxauth by web9 (probation)\n",
		},
		{
			"check 203.0.113.7 --json", `{"listed":true}`, "{\n  \"listed\": true\n}\n",
		},
		{
			"reporter list", `{"reporters":[{"name":"web1","role":"reporter","created":"2026-01-02T03:04:05Z"},{"name":"w2","role":"reader","disabled":true,"created":"2026-01-02T03:04:05Z","organisation":"example.org","weight":50}]}`,
			"REPORTER  ROLE      STATE     CREATED               ORGANISATION  WEIGHT\n" +
				"web1      reporter  enabled   2026-01-02T03:04:05Z  -             100%\n" +
				"w2        reader    disabled  2026-01-02T03:04:05Z  example.org   50%\n",
		},
		{"reporter list", `{"reporters":[]}`, ""},
		{
			"key add web1", `{"id":"k3v7q2ma","reporter":"web1","role":"reporter","key":"pbx_k_s_c"}`,
			"Key k3v7q2ma of web1 (reporter), shown this once:\n\n    pbx_k_s_c\n\nOn the machine that is to use it:\n\n" +
				"    curl -H \"Authorization: Bearer pbx_k_s_c\" -d ip=203.0.113.7 -d kind=ssh.maxauth URL/v1/incidents\n",
		},
		{
			"exempt add 203.0.113.7 --reason x", `{"prefix":"203.0.113.7/32","reason":"a\u001b[2Jb\tc","delisted":["bl.example","b.example"]}`,
			"PREFIX          UNTIL  BY  SINCE  REASON\n" +
				"203.0.113.7/32  -      -   -      a?[2Jb?c\n\ndelisted from bl.example, b.example\n",
		},
		{
			"policy show", `{"version":3,"threshold":50,"ttl":"30d","categories":[{"name":"ssh","code":3}],"kinds":[
			  {"number":1,"name":"ssh.maxauth","category":"ssh","points":20,"help":"too many"},{"number":2,"name":"ssh.soft","category":"ssh","ttl":"3d","cap":40}]}`,
			"threshold 50, points count for 30d unless the kind says otherwise\n\n" +
				"KIND         POINTS    TTL  CAP  CODE       WHAT\n" +
				"ssh.maxauth  20        30d  -    127.0.0.3  too many\n" +
				"ssh.soft     as given  3d   40   127.0.0.3  -\n\n" +
				"GUARD               SETTING\nduplicate_window    off\nreports_per_minute  off\naddresses_per_hour  off\n" +
				"listings_per_day    off\nburst_addresses     off\nburst_listings      off\nburst_window        off\n" +
				"pause               off\ncircular_rows       off\n",
		},
		{
			"policy try threshold=40", `{"changes":{"listed":[{"zone":"bl.example","prefix":"203.0.113.7/32"}],"delisted":[],"listed_total":1,"delisted_total":0}}`,
			"CHANGE           ZONE        PREFIX\n" +
				"would be listed  bl.example  203.0.113.7/32\n" +
				"\n1 would be listed, 0 would be delisted\n",
		},
		{
			"policy set ttl=3d", `{"changes":{"listed":[],"delisted":[],"listed_total":0,"delisted_total":0}}`,
			"0 listed, 0 delisted\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			code, out, errs := onTerminal(t, answer(200, "application/json", tt.answer), strings.Fields(tt.args)...)
			if code != exitOK || errs != "" {
				t.Errorf("exit code %d, %s", code, errs)
			}
			if out != tt.want {
				t.Errorf("shows\n%s\nwant\n%s", out, tt.want)
			}
		})
	}
}

// A backup would garble a terminal.
func TestBackupCommand_toTerminal(t *testing.T) {
	code, out, errs := onTerminal(t, answer(200, "application/zstd", "binary"), "backup")
	if code != exitUsage || out != "" {
		t.Errorf("exit code %d, output %q", code, out)
	}
	wantText(t, "stderr", errs, "name a file")
}

// Not ready is told with the reason; alive is enough without --ready.
func TestHealthcheckCommand_notReady(t *testing.T) {
	server := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			answer(503, "application/json", `{"ready":false,"ledger":"outage: connection refused"}`)(w, r)
		}
	}
	if code, _, errs := command(t, server, "", "healthcheck"); code != exitOK {
		t.Errorf("alive: exit code %d, %s", code, errs)
	}
	code, _, errs := command(t, server, "", "healthcheck", "--ready")
	if code != exitFailure {
		t.Errorf("not ready: exit code %d", code)
	}
	wantText(t, "stderr", errs, "is not ready: ledger outage: connection refused")
}

// Many incidents are found page by page. One that is refused does not spare
// the others, one that has expired meanwhile is no failure.
func TestWithdrawCommand_pages(t *testing.T) {
	patched := []string{}
	server := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodGet && r.FormValue("cursor") == "":
			fmt.Fprint(w, `{"incidents":[{"id":"0001"},{"id":"0002"},{"id":"0003","withdrawn":true}],"next":"c1"}`)
		case r.Method == http.MethodGet:
			fmt.Fprintf(w, `{"incidents":[{"id":"0004","reporter":%q}]}`, r.FormValue("reporter")+r.FormValue("cursor"))
		case strings.HasSuffix(r.URL.Path, "/0001"):
			answer(403, "application/problem+json", `{"status":403,"detail":"not yours"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/0002"):
			answer(404, "application/problem+json", `{"status":404,"detail":"no such incident"}`)(w, r)
		default:
			patched = append(patched, r.URL.Path)
			fmt.Fprint(w, `{}`)
		}
	}
	code, out, errs := command(t, server, "", "withdraw", "2001:db8::7", "--reason", "x", "--reporter", "web1")
	if code != exitFailure || len(patched) != 1 || patched[0] != "/v1/incidents/2001:db8::7/0004" {
		t.Errorf("exit code %d, patched %v", code, patched)
	}
	wantText(t, "stderr", errs, "withdrawing 0001 of 2001:db8::7: not yours")
	wantText(t, "stdout", out, "expired meanwhile\t0002\t", "withdrawn\t0004\t", "web1c1")
	if strings.Contains(out, "0003") {
		t.Errorf("withdrew again what was withdrawn: %s", out)
	}
}

// An error's hints come out whatever wraps it, each once.
func TestHints(t *testing.T) {
	inner := withHint(errors.New("refused"), "start it")
	err := errors.Join(fmt.Errorf("sending: %w", withHint(inner, "send again")), inner)
	if got := strings.Join(hints(err), "|"); got != "send again|start it" {
		t.Errorf("hints are %q", got)
	}
}

// A full disk or a closed pipe is a failure, not silence.
func TestTable_print_fails(t *testing.T) {
	rows := newTable("A", "B")
	rows.add("1", "2")
	for _, terminal := range []bool{false, true} {
		if err := rows.print(brokenPipe{}, terminal); !errors.Is(err, errBroken) {
			t.Errorf("terminal %t: %v", terminal, err)
		}
	}
}

var errBroken = errors.New("broken pipe")

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }
