package rules_test

import (
	"strings"
	"testing"
	"time"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/rules"
)

func now() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

// fatal is a test, a fuzz target or a property.
type fatal interface {
	Helper()
	Fatal(...any)
}

func setting(tb fatal) event.Setting {
	tb.Helper()
	clock, err := logline.NewClock(time.UTC, now)
	if err != nil {
		tb.Fatal(err)
	}
	return event.Setting{Clock: clock}
}

// Every fault is told at once, each with file and line.
func TestParse_faults(t *testing.T) {
	_, err := rules.Parse("own.yaml", []byte(`kinds:
  Shop: 10
  ssh.maxauth: 30
  web.shop: lots
recognisers:
  - name: sshd
    programs: []
    rules: []
    colour: red
  - name: shop
    header: time
    programs: [shopd]
    rules:
      - kind: web.logon
        tier: harsh
        points: 0
        message: 'failed for <any>'
      - kind: web.login
        tier: soft
        points: 11
        message: ['<any> failed from <addr>', 'failed: <usr> from <addr>']
        match: [{line: x}]
        ignore: []
      - kind: web.login
        tier: hard
        within: 10m
        message: 'failed for <any> from <addr> as <note>'
  - name: shop
    rules:
      - kind: web.login
        tier: soft
        failures: 1
        within: 100h
        message: 'f: <any> from <addr>'
        match:
          - {line: x, addr: 203.0.113.777}
  - name: test
paths:
  - kind: web.exploit
    tier: soft
    path: /ICON
    at: middle
    failures: 3
  - kind: web.exploit
    tier: hard
    path: favicon.ico
  - kind: web.exploit
    tier: hard
    path: /.well-known/
    at: start
  - nonsense
watch: 1
`), now)
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{
		`own.yaml:2: kind "Shop": want category.name`, "own.yaml:3: kind ssh.maxauth is known", `own.yaml:4: "lots": want a number from 1`,
		`own.yaml:6: name "sshd": it is built in`, "own.yaml:6: rules: want at least one", "own.yaml:6: programs: name what", "own.yaml:9: colour is unknown",
		"own.yaml:10: programs and header: time", `own.yaml:14: kind "web.logon" is unknown; known are dos.flood,`, `own.yaml:15: tier "harsh"`,
		`own.yaml:16: "0": want a number`, "own.yaml:17: want <addr> once", "own.yaml:14: match: want at least one", "own.yaml:14: ignore: want at least one",
		"own.yaml:18: tier soft: such events count only together", "own.yaml:18: points: 11 are more than web.login is worth on the server, 10",
		"own.yaml:21: it begins with <any>", "own.yaml:21: <usr> is unknown", "own.yaml:22: a line to match wants line and addr", "own.yaml:23: ignore: want at least one",
		"own.yaml:24: within goes with failures", "own.yaml:27: <any> and <note> stand on both sides", `own.yaml:28: name "shop" stands here twice`,
		`own.yaml:32: "1": want a number from 2`, `own.yaml:33: "100h": want a time`, "own.yaml:34: too little text", `own.yaml:36: "203.0.113.777": want an address`,
		`own.yaml:37: name "test": it is a word`, "own.yaml:39: tier soft: of requests", `own.yaml:39: place "middle"`, "own.yaml:43: failures is unknown",
		`own.yaml:44: path "favicon.ico": it begins with a slash`, "own.yaml:47: path \"/.well-known/\": honest programs ask for", "own.yaml:51: want names and values",
		"own.yaml:52: watch is unknown; known are kinds, paths, recognisers",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the faults do not tell %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

// own is a file with what each case puts into it.
func own(message, match, ignore string) string {
	return `recognisers:
  - name: shop
    programs: [shopd]
    rules:
      - kind: web.shop
        tier: hard
        message: '` + message + `'
        match:
          - line: 'Nov 22 10:00:00 web1 shopd[7]: ` + match + `'
            addr: 203.0.113.66
        ignore:
          - 'Nov 22 10:00:00 web1 shopd[7]: ` + ignore + `'
kinds:
  web.shop: 15
`
}

// A file whose samples do not come out as written is not taken.
func TestParse_samples(t *testing.T) {
	const message, match, ignore = `failed for <note> from <addr>`, `failed for root from 203.0.113.66`, `passed for root from 203.0.113.66`
	for text, want := range map[string]string{
		own(message, match, ignore):                                  "",
		own(message, "failed: root from 203.0.113.66", ignore):       "own.yaml:9: this line must match, and does not",
		own(message, "failed for root from 203.0.113.67", ignore):    "own.yaml:9: this line names 203.0.113.67, want 203.0.113.66",
		own(message, "failed for root from 203.0.113.066", ignore):   "own.yaml:9: this line must match, and is refused (the client is named",
		own(message, match, match):                                   "own.yaml:12: this line must not match, and names 203.0.113.66",
		own(message, match, ignore) + "colour: red\n":                "own.yaml:15: colour is unknown",
		strings.Replace(own(message, match, ignore), "66'", "66", 1): "own.yaml: yaml: line",
	} {
		file, err := rules.Parse("own.yaml", []byte(text), now)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s\nerror %v, want %q", text, err, want)
		case want == "" && (file.Rules != 1 || file.Samples != 2 || len(file.Services) != 1):
			t.Errorf("%+v", file)
		}
	}
}

// Which messages the language can and cannot express.
func TestParse_messages(t *testing.T) {
	for message, want := range map[string]string{
		"failed for <note> from <addr>":                   "",
		"failed for <note> from <addr>.":                  "",
		"failed for <note> from <addr>:<number>":          "",
		"failed for <note> from <addr>:<number> (ssh)":    "",
		"failed for <any>, <note> from [<addr>]:<number>": "",
		"connect from <word>[<addr>]: <any>":              "",
		"hello from <addr>: <any>":                        "", "closed by <addr>:": "", "hello from <addr>:<any>": "where it ends is not clear",
		"<addr> sent <any>":                                        "",
		"user=<<note>>, ADDR <addr>":                               "",
		"failed for <any> from <addr>: <any>":                      "on both sides",
		"<any> failed from <addr>":                                 "it begins with <any>",
		"<word> failed from <addr>":                                "it begins with <word>",
		"failed for <any><addr>":                                   "right behind <any>",
		"failed for <any> from 1<addr>":                            "where it begins is not clear",
		"failed for <any> from <addr>0":                            "where it ends is not clear",
		"failed for <any> from <addr>:<number>0":                   "where it ends is not clear",
		"failed for <any> from <addr>:<number>abc":                 "where it ends is not clear",
		"failed for <any> from <addr>:22":                          "where it ends is not clear",
		"failed from <addr>.<any>":                                 "where it ends is not clear",
		"failed for <any>-<addr>-<word>":                           "where it begins is not clear",
		"f <any> from <addr>":                                      "too little text",
		"a <word> b <word> c <word> d e <any> from <addr>":         "too little text",
		"message repeated <number> times: [ <any> <addr>]":         "syslog writes",
		"mess<any> from <addr>":                                    "syslog writes",
		"failed":                                                   "want <addr> once",
		"failed from <addr> for <addr>":                            "want <addr> once",
		"failed from <addr> for <note> and <note>":                 "want <note> once",
		"failed from <addr>\u202e":                                 "text that can be seen",
		"failed for <any> from <addr>" + strings.Repeat("x", 1000): "at most 1000",
	} {
		// The samples do not fit; whether the message is taken shows in whether they are tried.
		_, err := rules.Parse("own.yaml", []byte(own(message, "x", "y")), now)
		if want == "" {
			want = "this line must match, and does not"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", message, err, want)
		}
	}
}

// load returns the services of a file that must be right.
func load(tb fatal, text string) parsers.Options {
	tb.Helper()
	file, err := rules.Parse("own.yaml", []byte(text), now)
	if err != nil {
		tb.Fatal(err)
	}
	return parsers.Options{Own: file.Services, Zone: time.UTC, Now: now, Tier: event.Soft, Host: "web1"}
}

// A client whose words in one message look like another message frames nobody.
func TestRecogniser_disputed(t *testing.T) {
	options := load(t, `recognisers:
  - name: shop
    programs: [shopd]
    rules:
      - kind: web.login
        tier: soft
        failures: 10
        within: 1h
        message: 'hello from <addr>: <any>'
        match: [{line: 'Nov 22 10:00:00 web1 shopd[7]: hello from 203.0.113.66: x', addr: 203.0.113.66}]
        ignore: ['Nov 22 10:00:00 web1 shopd[7]: hello']
      - kind: web.exploit
        tier: hard
        message: 'hello <any> is hostile, from <addr>'
        match: [{line: 'Nov 22 10:00:00 web1 shopd[7]: hello x is hostile, from 203.0.113.66', addr: 203.0.113.66}]
        ignore: ['Nov 22 10:00:00 web1 shopd[7]: hello x is friendly, from 203.0.113.66']
`)
	for _, tier := range []event.Tier{event.Hard, event.Soft} {
		options.Tier = tier
		var out strings.Builder
		summary, err := parsers.Run(t.Context(), "shop", strings.NewReader("Nov 22 10:00:00 web1 shopd[7]: hello from 192.0.2.66: x is hostile, from 203.0.113.7\n"), &out, options)
		if err != nil || summary.Events != 0 || len(summary.Refused) != 1 {
			t.Errorf("%s: %+v, %v: %s", tier, summary, err, &out)
		}
	}
}

// A file that a daemon writes itself, a path, and counts.
func TestRecogniser_kinds(t *testing.T) {
	options := load(t, `recognisers:
  - name: shop
    header: time
    rules:
      - kind: web.login
        tier: soft
        failures: 3
        within: 1h
        points: 5
        message: 'failed: <note> from <addr>'
        match: [{line: '2026-11-22 10:00:00 failed: x from 203.0.113.66', addr: 203.0.113.66, note: x}]
        ignore: ['web1 failed: x from 203.0.113.66']
paths:
  - kind: web.probe
    tier: medium
    path: /Old%20Shop/
    at: start
    method: POST
    query: a=1
    match: [{line: '203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /old%20shop/x?b=2&a=1 HTTP/1.1" 404 1', addr: 203.0.113.66, note: /old%20shop/x}]
    ignore:
      - '203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "GET /old%20shop/x?a=1 HTTP/1.1" 404 1'
      - '203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /x/old%20shop/x?a=1 HTTP/1.1" 404 1'
      - '203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /old%20shop/x HTTP/1.1" 404 1'
`)
	var out strings.Builder
	failure := "2026-11-22T10:00:00Z failed: x from 203.0.113.66\n"
	summary, err := parsers.Run(t.Context(), "shop", strings.NewReader(strings.Repeat(failure, 5)), &out, options)
	if err != nil || summary.Events != 1 || !strings.Contains(out.String(), `"kind":"web.login","points":5,`) {
		t.Errorf("%+v, %v: %s", summary, err, &out)
	}
	out.Reset()
	log := `203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /OLD%20SHOP/x?a=1 HTTP/1.1" 404 1` + "\n" +
		`203.0.113.66 - - [22/Nov/2026:10:00:00 +0000] "POST /xmlrpc.php HTTP/1.1" 404 1` + "\n"
	summary, err = parsers.Run(t.Context(), "nginx", strings.NewReader(log), &out, options)
	if err != nil || summary.Events != 2 || !strings.Contains(out.String(), `"kind":"web.probe","points":10,`) {
		t.Errorf("%+v, %v: %s", summary, err, &out)
	}
}

func TestLoad_notAFile(t *testing.T) {
	for _, name := range []string{t.TempDir(), "/dev/zero", "missing.yaml"} {
		if _, err := rules.Load(name, now); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
