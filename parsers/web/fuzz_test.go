package web_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"penaltybox/parsers/event"
)

// front is a slow twin of the proof: everything before the first quote
// that is not escaped.
var front = regexp.MustCompile(`^(?:[^"]*(?:nginx|apache|httpd|lighttpd)[^\[\]: \t]*(?:\[\d+\])?:[ \t]+)?(?:[A-Za-z0-9._:\[\]*-]+ )?([0-9a-fA-F:.]+) - (?:[^"]|\\")* ?\[[^\[\]]+\] "`)

// lighttpd is the same of lighttpd's lines.
var lighttpd = regexp.MustCompile(`^(?:[^"]*(?:nginx|apache|httpd|lighttpd)[^\[\]: \t]*(?:\[\d+\])?:[ \t]+)?([0-9a-fA-F:.]+) [A-Za-z0-9._:\[\]*-]+ - \[[^\[\]]+\] "`)

var answer = regexp.MustCompile(`" 4\d\d( |$)`)

// twin names the client of a line, and tells whether its answer is none.
func twin(line []byte) (client string, none bool) {
	for _, form := range []*regexp.Regexp{front, lighttpd} {
		groups := form.FindSubmatch(line)
		if groups == nil {
			continue
		}
		if _, err := netip.ParseAddr(string(groups[1])); err == nil {
			return string(groups[1]), answer.Match(line)
		}
	}
	var entry struct {
		RemoteAddr string `json:"remote_addr"`
		ClientHost string
		Request    json.RawMessage
		Status     any
		Downstream any `json:"DownstreamStatus"`
	}
	var request struct {
		RemoteIP   string `json:"remote_ip"`
		RemoteAddr string `json:"remote_addr"`
	}
	// Members that are written twice are not the server's, and each reader has
	// its own idea of them.
	for _, name := range []string{"remote_ip", "remote_addr", "request", "ClientHost", "status", "DownstreamStatus"} {
		if bytes.Count(line, []byte(`"`+name+`"`)) > 1 {
			return "", false
		}
	}
	if json.Unmarshal(line, &entry) != nil {
		return "", false
	}
	none = strings.HasPrefix(fmt.Sprint(entry.Status), "4") || strings.HasPrefix(fmt.Sprint(entry.Downstream), "4")
	if json.Unmarshal(entry.Request, &request) == nil {
		if host, port, err := net.SplitHostPort(request.RemoteAddr); err == nil && port != "" && request.RemoteIP == "" {
			return host, none
		}
		return request.RemoteIP, none
	}
	return cmp.Or(entry.RemoteAddr, entry.ClientHost), none
}

// Whatever the bytes: no panic, and an address is named only where the twin
// finds it, for an answer that is none or with a payload.
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
		named, none := twin(line)
		if !none && match.Kind.Name != "web.exploit" { // what carries a payload, on any page
			t.Fatalf("%q: the twin does not take it", line)
		}
		want, err := netip.ParseAddr(named)
		if err != nil || want.Unmap() != match.Addr {
			t.Fatalf("%q: named %s, the twin %s (%v)", line, match.Addr, named, err)
		}
		if match.Kind == nil || match.Time.IsZero() || len(match.Note) == 0 || (match.Note[0] != '/' && match.Kind.Name != "scan.proxy" && match.Kind.Name != "web.exploit") {
			t.Fatalf("%q: incomplete match %+v", line, match)
		}
	})
}
