package sshd_test

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"penaltybox/parsers/event"
)

// proven is a slow twin of the recogniser: one expression for the whole line,
// greedy before the fixed tail.
var proven = regexp.MustCompile(`^(?s:[^\[\]]+) sshd(?:-session|-auth)?\[\d+\]: (?:message repeated \d+ times: \[ )?` +
	`(?:error: )?maximum authentication attempts exceeded for (?s:.*) from ([0-9a-fA-F:.]+) port \d{1,} ssh[12](?: \[preauth\])?\]?$`)

// Whatever the bytes: no panic, and an address is named only where the twin
// finds it.
func FuzzRecogniser(f *testing.F) {
	for _, name := range []string{"testdata/messages.log", "testdata/forgeries.log"} {
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
		groups := proven.FindSubmatch(line)
		if groups == nil {
			t.Fatalf("%q: the twin does not take it", line)
		}
		want, err := netip.ParseAddr(string(groups[1]))
		if err != nil || want.Unmap() != match.Addr {
			t.Fatalf("%q: named %s, the twin %s (%v)", line, match.Addr, groups[1], err)
		}
		if match.Kind == nil || match.Time.IsZero() || match.Count < 1 {
			t.Fatalf("%q: incomplete match %+v", line, match)
		}
	})
}
