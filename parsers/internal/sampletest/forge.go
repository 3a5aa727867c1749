package sampletest

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penaltybox/parsers/event"
)

// Client is the address that made the lines of [Forge]; Innocent is whom it
// wants named instead.
const (
	Client   = "192.0.2.66"
	Innocent = "203.0.113.7"
)

// Forge is a fuzz target. In each line, {} stands for words of the client's
// own choice; whatever they are, the recogniser must name [Client] or nobody.
// Seeds are all samples, and each line in place of the words, about
// [Innocent]. Daemons escape what is no printable character.
func Forge[R Recogniser](f *testing.F, newRecogniser func() R, lines ...string) {
	f.Helper()
	for _, line := range lines {
		if !strings.Contains(line, "{}") || !strings.Contains(line, Client) {
			f.Fatalf("want {} and %s in %s", Client, line)
		}
		_, message, _ := strings.Cut(line, ": ")
		for _, seed := range []string{"x", "", line, message} {
			seed = strings.NewReplacer("{}", "x", Client, Innocent).Replace(seed)
			f.Add([]byte(seed))
			for cut := range strings.SplitSeq(line, "{}") {
				f.Add([]byte("x" + strings.ReplaceAll(cut, Client, Innocent)))
			}
		}
	}
	files, _ := filepath.Glob("testdata/*.log")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f.Add([]byte(strings.TrimSuffix(line, "\n")))
		}
	}
	client := netip.MustParseAddr(Client)
	f.Fuzz(func(t *testing.T, words []byte) {
		recogniser := newRecogniser()
		recogniser.Recognise(words) // no bytes make it panic
		words = bytes.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return '?'
			}
			return r
		}, words)
		for _, line := range lines {
			line = strings.ReplaceAll(line, "{}", string(words))
			for range 12 { // enough to fill a count
				if match, outcome := recogniser.Recognise([]byte(line)); outcome == event.Recognised && match.Addr != client {
					t.Fatalf("%s\nnamed %s", line, match.Addr)
				}
			}
		}
	})
}
