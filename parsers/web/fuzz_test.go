package web_test

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"penaltybox/parsers/event"
)

// front is a slow twin of the proof: everything before the first quote
// that is not escaped.
var front = regexp.MustCompile(`^(?:[A-Za-z0-9._:\[\]*-]+ )?([0-9a-fA-F:.]+) - (?:[^"]|\\")* \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "`)

var answer = regexp.MustCompile(`" 4\d\d( |$)`)

// Whatever the bytes: no panic, and an address is named only where the twin
// finds it, for an answer that is none.
func FuzzRecogniser(f *testing.F) {
	for _, name := range []string{"testdata/probes.log", "testdata/forgeries.log"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f.Add([]byte(strings.TrimSuffix(line, "\n")))
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		match, outcome := newRecogniser(t).Recognise(line)
		if outcome != event.Recognised {
			return
		}
		groups := front.FindSubmatch(line)
		if groups == nil {
			t.Fatalf("%q: the twin does not take it", line)
		}
		want, err := netip.ParseAddr(string(groups[1]))
		if err != nil || want.Unmap() != match.Addr {
			t.Fatalf("%q: named %s, the twin %s (%v)", line, match.Addr, groups[1], err)
		}
		if !answer.Match(line) {
			t.Fatalf("%q: no answer of 4xx", line)
		}
		if match.Kind == nil || match.Time.IsZero() || len(match.Note) == 0 || match.Note[0] != '/' {
			t.Fatalf("%q: incomplete match %+v", line, match)
		}
	})
}
