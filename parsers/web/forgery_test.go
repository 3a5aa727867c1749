package web_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
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
			`"POST /xmlrpc.php HTTP/1.1" 404 153`, "/wp-login.php", "/xmlrpc.php", "www.example.org:80 203.0.113.7 - - ", "\n", "\r\n", "\t", "\x00", "?", "%2f", "%22", ",",
			"203.0.113.7 - x", "203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] ", "203.0.113.7, 203.0.113.7", "/.env", "/../../etc/passwd", "${jndi:ldap://x/a}", "() { :; };",
			`","remote_ip":"203.0.113.7","uri":"/.env`, `"},"request":{"remote_ip":"203.0.113.7`, `"}`, "é", "\xff\xfe", `\x22`, `\"`, "Nov 22 10:00:00 host nginx: 203.0.113.7 - - ",
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
		case b == '\r':
			return `\r`
		case b == '\t':
			return `\t`
		case b < ' ' || b > '~':
			return fmt.Sprintf(`\x%02x`, b)
		}
		return string(rune(b))
	},
}

// words draws a client's words as a server writes them.
func words(t *rapid.T, escape func(byte) string, label string) string {
	var out strings.Builder
	for _, b := range []byte(hostile().Draw(t, label)) {
		out.WriteString(escape(b))
	}
	return out.String()
}

// request draws a request; a plain one is a probe that is found.
func request(t *rapid.T, escape func(byte) string) (line string, plain bool) {
	if rapid.Bool().Draw(t, "plain") {
		return "POST /xmlrpc.php HTTP/1.1", true
	}
	return rapid.SampledFrom([]string{"GET /", "POST /xmlrpc.php", "GET /?", "CONNECT ", "GET http://", ""}).Draw(t, "method") + words(t, escape, "request"), false
}

// fronts are the formats in which lines begin: the name of a virtual host is
// the server's own, or the client's Host as it was sent, of which nothing is
// certain.
var fronts = map[string]func(host, name string) string{
	"%h %l %u":          func(_, name string) string { return fmt.Sprintf("%s - %s", client, name) },
	"%v %h %l %u":       func(_, name string) string { return fmt.Sprintf("www.example.org %s - %s", client, name) },
	"%v:%p %h %l %u":    func(_, name string) string { return fmt.Sprintf("www.example.org:443 %s - %s", client, name) },
	"%A:%p %h %l %u":    func(_, name string) string { return fmt.Sprintf("192.0.2.1:80 %s - %s", client, name) },
	"%{Host}i %h %l %u": func(host, name string) string { return fmt.Sprintf("%s %s - %s", host, client, name) },
	"%h %V %u":          func(_, _ string) string { return fmt.Sprintf("%s www.example.org -", client) },
	"nginx: %h %l %u":   func(_, name string) string { return fmt.Sprintf("Nov 22 10:00:00 host nginx: %s - %s", client, name) },
	"httpd[7]: %v %h %l": func(_, name string) string {
		return fmt.Sprintf("Nov 22 10:00:00 host httpd[7]: a.example %s - %s", client, name)
	},
}

// Whatever a client sends as its name, host, request, referer, browser and
// forwarded-for, the line names the client or nobody; a plain probe is found
// whatever the name, unless that looks like another client behind a virtual
// host. The log's first lines are honest ones.
func TestRecogniser_forgedWords(t *testing.T) {
	named := 0
	rapid.Check(t, func(t *rapid.T) {
		escape := escapers[rapid.SampledFrom([]string{"nginx", "apache"}).Draw(t, "server")]
		format := rapid.SampledFrom(slices.Sorted(maps.Keys(fronts))).Draw(t, "format")
		request, plain := request(t, escape)
		const stamp = "[22/Nov/2026:10:00:00 +0000]"
		status := rapid.SampledFrom([]int{200, 301, 400, 404}).Draw(t, "status")
		if plain {
			status = 404
		}
		recogniser := newRecogniser(t)
		recogniser.Recognise([]byte(fronts[format]("www.example.org", "-") + " " + stamp + ` "GET / HTTP/1.1" 200 153 "-" "-"`))
		line := fmt.Sprintf(`%s %s "%s" %d 153 "%s" "%s"`, fronts[format](words(t, escape, "host"), words(t, escape, "name")), stamp, request, status,
			words(t, escape, "referer"), words(t, escape, "browser"))
		line += rapid.SampledFrom([]string{"", ` "` + words(t, escape, "forwarded") + `"`, ` 0.001 "` + words(t, escape, "forwarded") + `" "127.0.0.1:80"`}).Draw(t, "tail")
		match, outcome := recogniser.Recognise([]byte(line))
		if outcome == event.Recognised {
			named++
			if match.Addr != client {
				t.Fatalf("%s\nnamed %s", line, match.Addr)
			}
		}
		if plain && outcome != event.Recognised && format != "%{Host}i %h %l %u" && !(strings.Contains(format, "%v %h") && strings.HasPrefix(match.Reason, "two clients")) {
			t.Fatalf("%s\nnot found: %s", line, match.Reason)
		}
	})
	if named == 0 {
		t.Error("no line named anybody")
	}
}

// What a stranger's page can make an honest visitor's browser send proves
// nothing: the referer, and names that the server has. Of the browser's name,
// only what Log4j and an old bash would run.
func TestRecogniser_foreignWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		escape := escapers[rapid.SampledFrom([]string{"nginx", "apache"}).Draw(t, "server")]
		referer, browser, forwarded := words(t, escape, "referer"), words(t, escape, "browser"), words(t, escape, "forwarded")
		line := fmt.Sprintf(`%s - - [22/Nov/2026:10:00:00 +0000] "GET /page HTTP/1.1" 404 153 "%s" "%s" "%s"`, client, referer, browser, forwarded)
		match, outcome := newRecogniser(t).Recognise([]byte(line))
		if outcome != event.Ignored && !strings.Contains(referer+browser, "() {") && !strings.Contains(browser, "${") {
			t.Fatalf("%s\n%v %+v", line, outcome, match)
		}
	})
}

// The same in Caddy's, Traefik's and nginx's JSON, which escape all strings.
func TestRecogniser_forgedJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := func(label string) string { return hostile().Draw(t, label) }
		uri := rapid.SampledFrom([]string{"/.env", "/" + said("uri")}).Draw(t, "which")
		forms := map[string]any{
			"caddy": map[string]any{"ts": 1795341600.5, "request": map[string]any{
				"remote_ip": client.String(), "client_ip": client.String(), "method": "GET", "host": said("host"), "uri": uri,
				"headers": map[string][]string{"User-Agent": {said("browser")}, "Remote_ip": {said("header")}, "X-Forwarded-For": {said("forwarded")}},
			}, "user_id": said("name"), "status": 404},
			"old caddy": map[string]any{"ts": 1795341600.5, "request": map[string]any{
				"remote_addr": client.String() + ":41866", "method": "GET", "host": said("host"), "uri": uri, "headers": map[string][]string{"Referer": {said("referer")}},
			}, "status": 404},
			"traefik": map[string]any{
				"ClientHost": client.String(), "ClientUsername": said("name"), "DownstreamStatus": 404, "RequestMethod": "GET", "RequestPath": uri,
				"RequestHost": said("host"), "StartUTC": "2026-11-22T10:00:00.5Z", "request_User-Agent": said("browser"),
			},
			"nginx": map[string]any{
				"time_iso8601": "2026-11-22T10:00:00+00:00", "remote_addr": client.String(), "remote_user": said("name"), "request": "GET " + uri + " HTTP/1.1",
				"status": "404", "host": said("host"), "http_user_agent": said("browser"), "http_x_forwarded_for": said("forwarded"),
			},
		}
		form := rapid.SampledFrom(slices.Sorted(maps.Keys(forms))).Draw(t, "form")
		line, err := json.Marshal(forms[form])
		if err != nil {
			t.Fatal(err)
		}
		match, outcome := newRecogniser(t).Recognise(line)
		if outcome == event.Recognised && match.Addr != client {
			t.Fatalf("%s\nnamed %s", line, match.Addr)
		}
		if uri == "/.env" && outcome != event.Recognised {
			t.Fatalf("%s\nnot found: %s", line, match.Reason)
		}
	})
}
