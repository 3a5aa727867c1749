// Package vsftpd recognises attacks on vsftpd in vsftpd.log, or its messages in syslog.
//
// See README.md for what is recognised and parsers/daemon for how.
package vsftpd

import (
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "vsftpd"

// Summary says in a line what the service reads.
const Summary = "vsftpd's log"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*trapKind(), *guessKind()} }

func guessKind() *event.Kind {
	return &event.Kind{
		Name: "other.ftp", Tier: event.Soft, Points: 20,
		Summary: "ten failed log-ins within ten minutes",
		Example: "Nov 22 10:00:00 host vsftpd[4242]: message repeated 10 times: [ pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=root rhost=203.0.113.66  user=root]",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Front: logline.Clock.Front, Trap: trapKind(), Rules: rules()})
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a user name that was set as a trap (--trap NAME)",
		Example: `Sun Nov 22 10:00:00 2026 [pid 42] [a-name-set-as-a-trap] FAIL LOGIN: Client "203.0.113.66"`,
	}
}

func rules() []daemon.Rule {
	const tries, span = 10, 10 * time.Minute
	return []daemon.Rule{
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "FAIL LOGIN: Client", Message: `(?:\[pid \d+\] )?\[(?P<note>.*)\] FAIL LOGIN: Client "ADDR"(?:, "[^"\]]*")?`},
		{
			Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "vsftpd:auth): auth", Once: "rhost=",
			Message: `pam_[a-z_]+\(vsftpd:auth\): authentication failure; logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=(?P<note>.*) rhost=ADDR(?:  ?user=.*)?`,
		},
		// PAM until 0.99.2 did not tell for whom it was asked, but in its name.
		{
			Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: " tty= ruser= rhost=",
			Message: `(?:\(pam_[a-z_]+\) )?authentication failure; logname=\S* uid=\d+ euid=\d+ tty= ruser= rhost=ADDR(?:  ?user=(?P<note>.*))?`,
		},
	}
}

// isProgram knows the name that PAM of old gave it, too.
func isProgram(name []byte) bool {
	return string(name) == "vsftpd" || string(name) == "vsftpd(pam_unix)"
}
