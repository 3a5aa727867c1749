package sshd_test

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"penaltybox/parsers/event"
)

// proven are slow twins of the recogniser: one expression for the whole message
// of each kind, greedy in front of a fixed tail.
var proven = map[string]*regexp.Regexp{
	"ssh.maxauth": twin(`(?:error: )?maximum authentication attempts exceeded for (?s:.*) ?from (?P<ip>[0-9a-fA-F:.]+) port \d+ ssh[12](?: \[preauth\])?` +
		`|Disconnecting (?:(?:invalid |authenticating )?user (?s:.*) )?(?P<ip>[0-9a-fA-F:.]+) port \d+: Too many authentication failures(?: \[preauth\])?`),
	"ssh.penalty": twin(`drop connection #\d+ from \[(?P<ip>[0-9a-fA-F:.]+)\]:\d+ on \[[^\]]*\]:\d+ penalty: [a-z ]+` +
		`|Disconnecting (?:(?:invalid |authenticating )?user (?s:.*?) )?(?P<ip>[0-9a-fA-F:.]+) port \d+: Change of username or service not allowed(?s:.*)`),
	"ssh.bruteforce": twin(`Failed (?s:.*) ?from (?P<ip>[0-9a-fA-F:.]+) port \d+(?: ssh[12])?(?: \[preauth\])?` +
		`|(?:error: )?PAM: (?s:.*) for (?s:.*) ?from (?P<ip>[0-9a-fA-F:.]+)(?: via [^ ]*)?(?: \[preauth\])?` +
		`|(?:pam_\S+\(\S+\): )?authentication failure; (?s:.*?) rhost=(?P<ip>[0-9a-fA-F:.]+)(?s: .*)?`),
}

func twin(message string) *regexp.Regexp {
	const name = `sshd(?:-session|-auth)?(?:\.pam|\.krb5)?|sshd\(pam_unix\)|sshd?(?:@\S+)?\.service`
	return regexp.MustCompile(`^(?s:[^\[\]]+)[ /\t](?:(?:` + name + `)(?:\[\d+\])?(?::| <[^ <]+>:| \S+ \S+ (?:-|\[.*\]))|\[(?:` + name + `)\]:?)[ \t]+` +
		`(?:\x{feff})?(?:\[ID \d+ [^\]]+\] )?[ \t]*(?:message repeated \d+ times: \[ )?(?:` + message + `)\]?[ \t]*$`)
}

// Whatever the bytes: no panic, and an address is named only where the twin
// finds it.
func FuzzRecogniser(f *testing.F) {
	for _, name := range []string{"testdata/messages.log", "testdata/versions.log", "testdata/forgeries.log"} {
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
		expression := proven[match.Kind.Name]
		groups := expression.FindSubmatch(line)
		if groups == nil {
			t.Fatalf("%q: the twin of %s does not take it", line, match.Kind.Name)
		}
		var twins []string
		for i, name := range expression.SubexpNames() {
			if name == "ip" && len(groups[i]) > 0 {
				twins = append(twins, string(groups[i]))
			}
		}
		want, err := netip.ParseAddr(strings.Join(twins, " "))
		if err != nil || want.Unmap() != match.Addr {
			t.Fatalf("%q: named %s, the twin %s (%v)", line, match.Addr, twins, err)
		}
		if match.Kind == nil || match.Time.IsZero() || (match.Count < 1 && match.Key == "") {
			t.Fatalf("%q: incomplete match %+v", line, match)
		}
	})
}
