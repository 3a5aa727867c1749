// Package dovecot recognises attacks on Dovecot in the mail log.
//
// See README.md for what is recognised and parsers/daemon for how.
package dovecot

import (
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "dovecot"

// Summary says in a line what the service reads.
const Summary = "Dovecot's messages in mail.log or the journal"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*trapKind(), *manyKind(), *guessKind()} }

func manyKind() *event.Kind {
	return &event.Kind{
		Name: "mail.auth", Tier: event.Medium, Points: 20, PerMinute: 2,
		Summary: "five or more failed log-ins in one session (worth 10 points)",
		Example: "Nov 22 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 5 attempts in 30 secs): user=<a>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.1, session=<x>",
	}
}

func guessKind() *event.Kind {
	return &event.Kind{
		Name: "mail.auth", Tier: event.Soft, Points: 20,
		Summary: "ten sessions with failed log-ins, or three different names, within an hour",
		Example: "Nov 22 10:00:00 mail dovecot: message repeated 10 times: [ imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.1, session=<x>]",
	}
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a mailbox that was set as a trap (--trap MAILBOX)",
		Example: "Nov 22 10:00:00 mail dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a-name-set-as-a-trap>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.1",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Trap: trapKind(), Rules: []daemon.Rule{
		failed(daemon.Rule{Kind: manyKind(), Points: manyPoints}, `(?:[5-9]|\d{2,9})`),
		failed(daemon.Rule{Kind: guessKind(), Failures: 10, Names: 3, Span: time.Hour}, `[1-4]`),
	}})
}

// manyPoints is less than the kind's: a phone with an old password does it, too.
const manyPoints = 10

// failed completes a rule about sessions with so many failed log-ins. Why a
// session ended is said before (1.x, 2.x) and, in a word, behind the count
// (from 2.3.19 on). In front of the count stands no word of the client's: a
// reason holds no "=", but for how much could not be read, and so ends before
// "user=". Dovecot 1.x and 2.0 leave out what is empty, such as a user.
func failed(rule daemon.Rule, attempts string) daemon.Rule {
	const reason = `(?:: (?:size=|[^=])*?)?`
	rule.Hint, rule.Once = "(auth failed, ", "rip="
	rule.Message = `(?:[a-z0-9]+-login: )?(?:Info: )?(?:Disconnected|Aborted login|Login aborted)` + reason +
		` ?\(auth failed, ` + attempts + ` attempts(?: in \d+ secs)?\)(?: \([a-z_]+\))?: ` +
		`(?:user=<(?P<note>.*)>, )?(?:method=[A-Z0-9-]+, )?rip=ADDR(?:, .*)?`
	return rule
}

// isProgram knows Dovecot's name in syslog, and those of its parts in a file
// that it writes itself (log_path).
func isProgram(name []byte) bool {
	switch string(name) {
	case "dovecot", "imap-login", "pop3-login", "submission-login", "managesieve-login":
		return true
	}
	return false
}
