package web_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penaltybox/parsers/event"
)

var client = netip.MustParseAddr("192.0.2.66")

// hostile draws text as an attacker would choose it who wants 203.0.113.7
// named: pieces of access logs and noise.
func hostile() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"203.0.113.7", " - - ", " - ", " ", "[22/Nov/2026:10:00:00 +0000] ", "[", "] ", `"`, `\`, `" 404 153 "-" "-"`,
			`"POST /xmlrpc.php HTTP/1.1" 404 153`, "/wp-login.php", "/xmlrpc.php", "www.example.org:80 203.0.113.7 - - ", "\n", "?", "%2f",
		}),
		rapid.String(),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
	})
}

// escapers write a client's words into a log as servers do.
var escapers = map[string]func(byte) string{
	"nginx": func(b byte) string {
		if b == '"' || b == '\\' || b < ' ' || b > '~' {
			return fmt.Sprintf(`\x%02X`, b)
		}
		return string(rune(b))
	},
	"apache": func(b byte) string {
		switch {
		case b == '"' || b == '\\':
			return `\` + string(rune(b))
		case b == '\n':
			return `\n`
		case b < ' ' || b > '~':
			return fmt.Sprintf(`\x%02x`, b)
		}
		return string(rune(b))
	},
}

// Whatever a client sends as its name, request, referer and browser, the line
// names the client or nobody; a plain probe is found whatever the name.
func TestRecogniser_forgedWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		escape := escapers[rapid.SampledFrom([]string{"nginx", "apache"}).Draw(t, "server")]
		words := func(label string) string {
			var out strings.Builder
			for _, b := range []byte(hostile().Draw(t, label)) {
				out.WriteString(escape(b))
			}
			return out.String()
		}
		site := rapid.SampledFrom([]string{"", "www.example.org ", "www.example.org:443 ", "192.0.2.1:80 "}).Draw(t, "site")
		request, plain := "POST /xmlrpc.php HTTP/1.1", rapid.Bool().Draw(t, "plain")
		if !plain {
			request = rapid.SampledFrom([]string{"GET /", "POST /xmlrpc.php", ""}).Draw(t, "method") + words("request")
		}
		line := fmt.Sprintf(`%s%s - %s [22/Nov/2026:10:00:00 +0000] "%s" 404 153 "%s" "%s"`,
			site, client, words("name"), request, words("referer"), words("browser"))
		match, outcome := newRecogniser(t).Recognise([]byte(line))
		if outcome == event.Recognised && match.Addr != client {
			t.Fatalf("%s\nnamed %s", line, match.Addr)
		}
		if plain && outcome != event.Recognised {
			t.Fatalf("%s\nnot found: %s", line, match.Reason)
		}
	})
}
