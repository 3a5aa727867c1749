package parsers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
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
