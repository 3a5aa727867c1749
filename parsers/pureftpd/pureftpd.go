// Package pureftpd recognises attacks on Pure-FTPd in what Pure-FTPd writes through syslog.
//
// See README.md for what is recognised and parsers/daemon for how.
package pureftpd

import (
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "pureftpd"

// Summary says in a line what the service reads.
const Summary = "the messages of Pure-FTPd in syslog"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*trapKind(), *guessKind()} }

func guessKind() *event.Kind {
	return &event.Kind{
		Name: "other.ftp", Tier: event.Soft, Points: 20,
		Summary: "ten failed log-ins within ten minutes",
		Example: "Nov 22 10:00:00 host pure-ftpd: message repeated 10 times: [ (?@203.0.113.66) [WARNING] Authentication failed for user [root]]",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Trap: trapKind(), Rules: rules()})
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a user name that was set as a trap (--trap NAME)",
		Example: "Nov 22 10:00:00 host pure-ftpd: (?@203.0.113.66) [WARNING] Authentication failed for user [a-name-set-as-a-trap]",
	}
}

func rules() []daemon.Rule {
	const tries, span = 10, 10 * time.Minute
	return []daemon.Rule{
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "[WARNING] Authentication failed for user", Message: `\(\?@ADDR\) \[WARNING\] Authentication failed for user \[(?P<note>.*)\]`},
	}
}

func isProgram(name []byte) bool { return string(name) == "pure-ftpd" }
