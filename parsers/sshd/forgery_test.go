package sshd_test

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
// named: pieces of sshd's own messages and headers, breaks, and noise.
func hostile() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			" from 203.0.113.7 port 22 ssh2", " [preauth]", " port 22", " ssh2", " from ", "203.0.113.7", "]",
			"error: ", "maximum authentication attempts exceeded for ", "invalid user ", "root", " ", "\n", "\r\n", "\t", "\\",
			"Nov 22 10:00:00 host sshd[1]: ", "2026-11-22T10:00:00Z host sshd[1]: ", "message repeated 3 times: [ ",
			"error: maximum authentication attempts exceeded for root from 203.0.113.7 port 22 ssh2 [preauth]",
			"Disconnecting: ", "Disconnecting ", ": ", "Too many authentication failures", "Change of username or service not allowed: (", ") -> (",
			"drop connection #1 from [203.0.113.7]:22 on [203.0.113.7]:22 penalty: failed authentication", " rhost=203.0.113.7", "203.0.113.7 port 22: ",
			"Connection from 203.0.113.7 port 22", "Failed password for ", "Invalid user ",
		}),
		rapid.String(),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
	})
}

// escaped writes text as sshd gives it to syslog (vis(3) with VIS_CSTYLE,
// VIS_NL, VIS_TAB and VIS_OCTAL).
func escaped(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		switch {
		case b == '\n':
			out.WriteString(`\n`)
		case b == '\r':
			out.WriteString(`\r`)
		case b == '\t':
			out.WriteString(`\t`)
		case b == '\\':
			out.WriteString(`\\`)
		case b < ' ' || b > '~':
			fmt.Fprintf(&out, `\%03o`, b)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

func cut(text string, length int) string { return text[:min(len(text), length)] }

// syslogLine is what stands in the log when sshd says a message.
func syslogLine(message string) string {
	return "Nov 22 10:00:00 host sshd[4242]: " + cut(escaped(message), 500)
}

func maxAuth(name, prefix string) string {
	return fmt.Sprintf("%smaximum authentication attempts exceeded for invalid user %s from %s port 41866 ssh2 [preauth]", prefix, cut(name, 100), client)
}

// Whatever a client is called, sshd's line names the client.
func TestRecogniser_forgedName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := hostile().Draw(t, "name")
		line := syslogLine(maxAuth(name, rapid.SampledFrom([]string{"error: ", ""}).Draw(t, "prefix")))
		match, outcome := newRecogniser(t).Recognise([]byte(line))
		cutOff := len(line) >= len("Nov 22 10:00:00 host sshd[4242]: ")+500
		if cutOff && outcome == event.Recognised && match.Addr != client {
			t.Fatalf("%s named %s", line, match.Addr)
		}
		if !cutOff && (outcome != event.Recognised || match.Addr != client) {
			t.Fatalf("%s: %v, %v (%s)", line, outcome, match.Addr, match.Reason)
		}
	})
}

// Whatever a client says in other messages names nobody else.
func TestRecogniser_forgedText(t *testing.T) {
	messages := []string{
		"Invalid user %s from 192.0.2.66 port 41866",
		"Failed password for invalid user %s from 192.0.2.66 port 41866 ssh2",
		"Received disconnect from 192.0.2.66 port 41866:11: %s",
		"Disconnecting invalid user %s 192.0.2.66 port 41866: Too many authentication failures [preauth]",
		"Disconnecting: Too many authentication failures for %s [preauth]",
		"Disconnecting: Too many authentication failures for %s",
		"Disconnecting authenticating user %s 192.0.2.66 port 41866: Change of username or service not allowed: (a,b) -> (c,d) [preauth]",
		"Disconnecting authenticating user a 192.0.2.66 port 41866: Change of username or service not allowed: (a,b) -> (%s,d)",
		"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.66  user=%s",
		"Failed publickey for %s from 192.0.2.66 port 41866 ssh2: RSA SHA256:x",
		"User %s from 192.0.2.66 not allowed because not listed in AllowUsers",
		"banner exchange: Connection from 192.0.2.66 port 41866: invalid format %s",
	}
	rapid.Check(t, func(t *rapid.T) {
		message := fmt.Sprintf(rapid.SampledFrom(messages).Draw(t, "message"), cut(hostile().Draw(t, "text"), 400))
		line := syslogLine(message)
		recogniser := newRecogniser(t)
		// What follows has no address of its own and asks for the line before.
		for _, line := range []string{line, syslogLine("Disconnecting: Too many authentication failures for root [preauth]")} {
			if match, outcome := recogniser.Recognise([]byte(line)); outcome == event.Recognised && match.Addr != client {
				t.Fatalf("%s named %s", line, match.Addr)
			}
		}
	})
}

// In a file that sshd writes itself, breaks in a client's words begin lines of
// their own; whatever they look like, they name nobody. Nor do they where a
// time is put in front of each line.
func TestRecogniser_forgedLines(t *testing.T) {
	openings := []string{
		"Received disconnect from 192.0.2.66 port 41866:11: ", "Invalid user ", "banner exchange: Connection from 192.0.2.66 port 41866: invalid format ",
		"kex_exchange_identification: client sent invalid protocol identifier \"", "userauth_pubkey: ", "error: x: ",
	}
	keepers := []string{"", "2026-11-22T10:00:00.123456789Z stderr F ", "2026-11-22T10:00:00.123456789Z "}
	rapid.Check(t, func(t *rapid.T) {
		var file strings.Builder
		keeper := rapid.SampledFrom(keepers).Draw(t, "keeper")
		opening := rapid.SampledFrom(openings).Draw(t, "opening")
		if strings.HasSuffix(keeper, "Z ") {
			opening = openings[0]
		}
		for range rapid.IntRange(1, 6).Draw(t, "messages") {
			message := opening + cut(hostile().Draw(t, "text"), 400)
			file.WriteString(cut(message, 1022) + "\r\n")
		}
		recogniser := newRecogniser(t)
		for line := range strings.SplitSeq(strings.TrimSuffix(file.String(), "\n"), "\n") {
			line = keeper + strings.TrimSuffix(line, "\r")
			if match, outcome := recogniser.Recognise([]byte(line)); outcome == event.Recognised {
				t.Fatalf("%q in %q named %s", line, file.String(), match.Addr)
			}
		}
	})
}
