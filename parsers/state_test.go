package parsers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
)

// However often a reader ends and another goes on with what it knew, the rows
// are the same as without a break.
func TestParser_Resume_goesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return probe(
				rapid.SampledFrom([]string{"203.0.113.66", "2001:db8::1", "2001:db8::2"}).Draw(t, "client"),
				rapid.SampledFrom([]string{"10:00:00", "10:00:30", "10:01:00", "10:04:00", "10:30:00"}).Draw(t, "stamp"),
				rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method"),
				rapid.SampledFrom([]string{"/xmlrpc.php", "/wp-login.php"}).Draw(t, "path"))
		}), 1, 30).Draw(t, "lines")
		all := options
		all.Tier = event.Soft
		whole, _ := parse(t, "web", all, strings.Join(lines, ""))

		var rows bytes.Buffer
		var state json.RawMessage
		for _, piece := range lines {
			parser, err := parsers.New("web", all)
			if err != nil {
				t.Fatal(err)
			}
			if state != nil {
				if err := parser.Resume(state); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := parser.Run(t.Context(), strings.NewReader(piece), &rows); err != nil {
				t.Fatal(err)
			}
			if state, err = parser.State(); err != nil {
				t.Fatal(err)
			}
		}
		if pieces := decode(t, &rows); fmt.Sprint(ids(whole)) != fmt.Sprint(ids(pieces)) {
			t.Fatalf("whole %v, in pieces %v", ids(whole), ids(pieces))
		}
	})
}

// What is damaged, or of another service, is said; the parser then works as a
// new one.
func TestParser_Resume_errors(t *testing.T) {
	for name, state := range map[string]string{
		"another service": `{"service":"web","ids":{"young":{}},"minutes":{"young":{}},"notes":{"young":{}}}`,
		"no JSON":         `{"service":"ssh`,
		"no counts":       `{"service":"sshd","ids":null}`,
		"a short digest":  `{"service":"sshd","ids":{"young":{"12":1}}}`,
		"a wrong digest":  `{"service":"sshd","ids":{"young":{"` + strings.Repeat("x", 32) + `":1}}}`,
		"a wrong count":   `{"service":"sshd","ids":{"young":{"` + strings.Repeat("a", 32) + `":"1"}}}`,
	} {
		parser, err := parsers.New("sshd", options)
		if err != nil {
			t.Fatal(err)
		}
		if err := parser.Resume(json.RawMessage(state)); err == nil {
			t.Errorf("%s was taken", name)
		}
		var out bytes.Buffer
		if _, err := parser.Run(t.Context(), strings.NewReader(strike("203.0.113.66", 41866)), &out); err != nil {
			t.Fatal(err)
		}
		if fresh, _ := parse(t, "sshd", options, strike("203.0.113.66", 41866)); decode(t, &out)[0].ID != fresh[0].ID {
			t.Errorf("%s: the parser does not work as a new one", name)
		}
	}
}

func failures(n int) string {
	return strings.Repeat("Nov 22 10:00:00 mail sshd[7]: Failed password for root from 203.0.113.66 port 41866 ssh2\n", n)
}

func saslFailure(name string) string {
	return "Nov 22 10:00:00 mail postfix/smtpd[4242]: warning: unknown[203.0.113.66]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=" + name + "\n"
}

const ftpFailure = "Sun Nov 22 10:00:00 2026 [pid 42] [root] FAIL LOGIN: Client \"203.0.113.66\"\n"

// sshd tells one end in two lines, and a site with WordPress shows that long
// before it is asked for its scripts, and failures count together: another
// reader knows of all.
func TestParser_Resume_recognisers(t *testing.T) {
	asset := func(n int) string {
		return fmt.Sprintf("203.0.113.9 - - [22/Nov/2026:10:00:00 +0000] \"GET /wp-includes/js/a%d.js HTTP/1.1\" 200 153 \"-\" \"-\"\n", n)
	}
	var assets string
	for n := range 20 {
		assets += asset(n)
	}
	for name, test := range map[string]struct {
		service, before, after string
		want                   int
	}{
		"an end in two lines": {
			"sshd", strike("203.0.113.66", 41866),
			"Nov 22 10:00:00 mail sshd[4242]: Disconnecting invalid user admin 203.0.113.66 port 41866: Too many authentication failures [preauth]\n", 0,
		},
		"an end without address": {
			"sshd", "Nov 22 10:00:00 mail sshd[7]: Failed password for root from 203.0.113.66 port 41866 ssh2\n",
			"Nov 22 10:00:01 mail sshd[7]: Disconnecting: Too many authentication failures for root\n", 1,
		},
		"a site with WordPress":       {"web", assets, probe("203.0.113.66", "10:00:01", "POST", "/xmlrpc.php"), 0},
		"a site without":              {"web", asset(1), probe("203.0.113.66", "10:00:01", "POST", "/xmlrpc.php"), 1},
		"the tenth failure of sshd's": {"sshd", failures(9), failures(1), 1},
		"the ninth":                   {"sshd", failures(8), failures(1), 0},
		"the third name of Postfix's": {"postfix", saslFailure("ann") + saslFailure("ben"), saslFailure("eve"), 1},
		"the second":                  {"postfix", saslFailure("ann"), saslFailure("eve"), 0},
		"vsftpd's own log":            {"vsftpd", strings.Repeat(ftpFailure, 9), ftpFailure, 1},
	} {
		options := options
		options.Tier = event.Soft
		first, err := parsers.New(test.service, options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.Run(t.Context(), strings.NewReader(test.before), io.Discard); err != nil {
			t.Fatal(err)
		}
		state, err := first.State()
		if err != nil {
			t.Fatal(err)
		}
		second, err := parsers.New(test.service, options)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Resume(state); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := second.Run(t.Context(), strings.NewReader(test.after), &out); err != nil {
			t.Fatal(err)
		}
		if got := len(decode(t, &out)); got != test.want {
			t.Errorf("%s: %d events after the break, want %d", name, got, test.want)
		}
	}
}
