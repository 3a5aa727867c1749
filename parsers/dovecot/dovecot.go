// Package dovecot recognises attacks on Dovecot in the mail log.
//
// See README.md for what is recognised and parsers/daemon for how.
package dovecot

import (
	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "dovecot"

// Summary says in a line what the service reads.
const Summary = "Dovecot's messages in mail.log or the journal"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*trapKind(), *manyKind()} }

func manyKind() *event.Kind {
	return &event.Kind{
		Name: "mail.auth", Tier: event.Medium, Points: 20, PerMinute: 2,
		Summary: "five or more failed log-ins in one session (worth 10 points)",
		Example: "Nov 22 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 5 attempts in 30 secs): user=<a>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.1, session=<x>",
	}
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a mailbox that was set as a trap (--trap MAILBOX)",
		Example: "Nov 22 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 9 attempts in 30 secs): user=<a-name-set-as-a-trap>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.1",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Trap: trapKind(), Rules: []daemon.Rule{{
		Kind: manyKind(), Points: manyPoints, Hint: "(auth failed, ", Once: ", rip=",
		Message: `(?:[a-z0-9]+-login: )?(?:Info: )?(?:Disconnected|Aborted login|Login aborted)(?:: [A-Za-z ]+)? ?\(auth failed, (?:[5-9]|\d{2,9}) attempts(?: in \d+ secs)?\)` +
			`(?: \([a-z_]+\))?: user=<(?P<note>.*)>, (?:method=[A-Z0-9-]+, )?rip=ADDR, lip=[0-9a-fA-F:.]+(?:, .*)?`,
	}}})
}

// manyPoints is less than the kind's: a phone with an old password does it, too.
const manyPoints = 10

// isProgram knows Dovecot's name in syslog, and those of its parts in a file
// that it writes itself (log_path).
func isProgram(name []byte) bool {
	switch string(name) {
	case "dovecot", "imap-login", "pop3-login", "submission-login", "managesieve-login":
		return true
	}
	return false
}
