package web_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"penaltybox/parsers/event"
)

// front is a slow twin of the proof: everything before the first quote
// that is not escaped.
var front = regexp.MustCompile(`^(?:[^"]*(?:nginx|apache2?|httpd|lighttpd)(?:\[\d+\])?:[ \t]+)?(?:[A-Za-z0-9._:\[\]*-]+ )?([0-9a-fA-F:.]+) - (?:[^"]|\\")* ?\[[^\[\]]+\] "`)

var answer = regexp.MustCompile(`" 4\d\d( |$)`)

// twin names the client of a line whose answer is none.
func twin(line []byte) (string, bool) {
	if groups := front.FindSubmatch(line); groups != nil {
		return string(groups[1]), answer.Match(line)
	}
	var entry struct {
		Request struct {
			RemoteIP string `json:"remote_ip"`
		}
		Status int
	}
	// Members that are written twice are not Caddy's, and each reader has its
	// own idea of them.
	ok := json.Unmarshal(line, &entry) == nil && bytes.Count(line, []byte(`"remote_ip"`)) == 1 && bytes.Count(line, []byte(`"request"`)) == 1
	return entry.Request.RemoteIP, ok && entry.Status/100 == 4
}

// Whatever the bytes: no panic, and an address is named only where the twin
// finds it, for an answer that is none.
func FuzzRecogniser(f *testing.F) {
	for _, name := range []string{"testdata/probes.log", "testdata/robots.log", "testdata/formats.log", "testdata/forgeries.log"} {
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
		named, ok := twin(line)
		if !ok {
			t.Fatalf("%q: the twin does not take it", line)
		}
		want, err := netip.ParseAddr(named)
		if err != nil || want.Unmap() != match.Addr {
			t.Fatalf("%q: named %s, the twin %s (%v)", line, match.Addr, named, err)
		}
		if match.Kind == nil || match.Time.IsZero() || len(match.Note) == 0 || (match.Note[0] != '/' && match.Kind.Name != "scan.proxy") {
			t.Fatalf("%q: incomplete match %+v", line, match)
		}
	})
}
