package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// retractAnswered runs "reporter retract" as a person does who answers, and
// returns what was asked of the server.
func retractAnswered(t *testing.T, answer string, args ...string) (code int, out, errs string, asked []string) {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, strings.TrimSuffix(r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery, "?"))
		listings := `{"prefix":"203.0.113.7/32","delisted":["bl.example"]},{"prefix":"203.0.113.8/32","staying":["bl.example"],"score":50,"range":"203.0.113.0/24"}`
		more := `false`
		if r.URL.Query().Get("limit") == "20" {
			more = `true,"next":"203.0.113.8/32"`
		}
		fmt.Fprintf(w, `{"void":{"id":"k7c2m4qz","reporter":"web1","from":"2026-11-15T10:00:00Z","to":"2026-11-22T10:00:01Z","reason":"retracted"},
			"effect":{"incidents":1,"points":50,"addresses":2,"delisted":1,"staying":1,"listed":0,"listings":[%s],"truncated":%s}}`, listings, more)
	}))
	t.Cleanup(web.Close)
	t.Setenv("PENALTYBOX_URL", web.URL)
	t.Setenv("PENALTYBOX_KEY", "pbx_test")
	var stdout, stderr bytes.Buffer
	s := newStreams(strings.NewReader(answer), &stdout, &stderr)
	s.inTerminal, s.outTerminal = true, true
	code = run(t.Context(), append([]string{"reporter", "retract", "web1", "--since", "168h"}, args...), s)
	return code, stdout.String(), stderr.String(), asked
}

const (
	previewShown = "CHANGE             ZONE        PREFIX          WHY\n" +
		"would be delisted  bl.example  203.0.113.7/32  -\n" +
		"stays listed       bl.example  203.0.113.8/32  50 points, within 203.0.113.0/24\n" +
		"\nand more: --dry-run shows all\n" +
		"in all: 1 incident (50 points) of 2 addresses and ranges; 1 delisted; 1 staying listed\n" +
		"\ntake it back? [y/N] "
	asksPreview = "POST /v1/voids?dry_run=true&limit=20"
	asksVoid    = "POST /v1/voids"
)

// A person is shown what would change, and nothing changes without a yes.
func TestRun_retract_asks(t *testing.T) {
	for answer, yes := range map[string]bool{"y\n": true, " YES \n": true, "y": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		code, out, errs, asked := retractAnswered(t, answer)
		if !strings.HasPrefix(out, previewShown) {
			t.Errorf("%q: shown is %q, want %q", answer, out, previewShown)
		}
		switch {
		case yes:
			if code != exitOK || fmt.Sprint(asked) != fmt.Sprint([]string{asksPreview, asksVoid}) || !strings.HasSuffix(out, "\nundo it with: penaltybox void undo k7c2m4qz\n") {
				t.Errorf("%q: ends with %d, asks %q, prints %q", answer, code, asked, out)
			}
		case code != exitFailure || fmt.Sprint(asked) != fmt.Sprint([]string{asksPreview}) || !strings.Contains(errs, "nothing was changed"):
			t.Errorf("%q: ends with %d, asks %q, says %q", answer, code, asked, errs)
		}
	}
}

// Who says yes beforehand is not asked; a dry run ends with what it shows; JSON
// cannot be asked about.
func TestRun_retract_asks_nobody(t *testing.T) {
	for args, want := range map[string]struct {
		code  int
		asked []string
	}{
		"--yes":     {exitOK, []string{asksVoid}},
		"--dry-run": {exitOK, []string{"POST /v1/voids?dry_run=true&limit=10000"}},
		"--json":    {exitUsage, nil},
	} {
		code, out, errs, asked := retractAnswered(t, "y\n", args)
		if code != want.code || fmt.Sprint(asked) != fmt.Sprint(want.asked) || strings.Contains(out, "[y/N]") {
			t.Errorf("%s: ends with %d, asks %q, prints %q and %q", args, code, asked, out, errs)
		}
	}
}
