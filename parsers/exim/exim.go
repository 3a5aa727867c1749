// Package exim recognises attacks on Exim in its log.
//
// See README.md for what is recognised and parsers/daemon for how.
package exim

import (
	"regexp"
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "exim"

// Summary says in a line what the service reads.
const Summary = "Exim's main log, or its messages in syslog"

// client is how Exim writes whom it talks to: a name that it has looked up, in
// parentheses what the client calls itself, and the address; then its port,
// where it came in, and what an ident server of the client's says.
const client = whom + iface + `(?: U=[^=]*?)?`

const (
	whom  = `(?:[^ ()\[\]]+ )?(?:\([^()]*\) )?\[ADDR\](?::\d+)?`
	iface = `(?: I=\[[^\]]*\](?::\d+)?)?`
	// notSubmission is iface, but for the ports 465 and 587: there it is a
	// customer who forgot to log in.
	notSubmission = `(?: I=\[[^\]]*\](?::(?:\d\d|\d{4,5}))?)?`
)

// behindName is a text that stands at most once in front of an address: behind
// what the client calls itself. Where Exim lets a client call itself anything
// (helo_accept_junk_hosts), more of them prove nothing.
const behindName = ") ["

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	return []event.Kind{*droppedKind(), *relayKind(), *trapKind(), *earlyKind(), *guessKind()}
}

func droppedKind() *event.Kind {
	return &event.Kind{
		Name: "mail.protocol", Tier: event.Hard, Points: 15, PerMinute: 2,
		Summary: "Exim hung up after too many commands that are none",
		Example: "2026-11-22 10:00:00 SMTP call from (x) [203.0.113.66] dropped: too many unrecognized commands (last was \"GET / HTTP/1.1\")",
	}
}

func relayKind() *event.Kind {
	return &event.Kind{
		Name: "mail.relay", Tier: event.Hard, Points: 20, PerMinute: 2,
		Summary: "tried to send mail through the server to strangers",
		Example: "2026-11-22 10:00:00 H=(x) [203.0.113.66] F=<a@example.net> rejected RCPT <b@example.org>: relay not permitted",
	}
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "used a mailbox that was set as a trap (--trap MAILBOX)",
		Example: "2026-11-22 10:00:00 login authenticator failed for (x) [203.0.113.66]: 535 Incorrect authentication data (set_id=a-name-set-as-a-trap)",
	}
}

func earlyKind() *event.Kind {
	return &event.Kind{
		Name: "mail.protocol", Tier: event.Medium, Points: 15, PerMinute: 2,
		Summary: "spoke before its turn, or HTTP (worth 10 points)",
		Example: "2026-11-22 10:00:00 SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[203.0.113.66] input=\"GET / HTTP/1.1\\r\\n\"",
	}
}

func guessKind() *event.Kind {
	return &event.Kind{
		Name: "mail.auth", Tier: event.Soft, Points: 20,
		Summary: "ten failed log-ins, or three different names, within an hour",
		Example: "Nov 22 10:00:00 mail exim[4242]: message repeated 10 times: [ login authenticator failed for (x) [203.0.113.66]: 535 Incorrect authentication data (set_id=a)]",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	isProgram := func(name []byte) bool { return string(name) == "exim" || string(name) == "exim4" }
	return daemon.New(setting, daemon.Spec{
		IsProgram: isProgram, Front: logline.Clock.Front, Trap: trapKind(),
		Trim: withoutFront, Rules: rules(),
	})
}

// withoutFront cuts off what Exim may put in front of a message: in syslog the
// time, as in its own log; its pid (log_selector +pid); a message's number.
func withoutFront(message []byte) []byte {
	return message[len(front.Find(message)):]
}

// A message's number has 16 characters, from 4.97 on 23.
var front = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})? )?(?:\[\d+\] )?(?:[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) )?`)

// earlyPoints are fewer than the kind's: broken gateways do it, too.
const earlyPoints = 10

func rules() []daemon.Rule {
	return []daemon.Rule{
		{
			Kind: droppedKind(), Hint: "dropped: too many ", Once: behindName,
			Message: `SMTP call from (?:H=)?` + client + ` dropped: too many (?P<note>nonmail commands|unrecognized commands|syntax or protocol errors).*`,
		},
		{
			Kind: relayKind(), Hint: "elay not permitted", Once: behindName,
			Message: `H=` + whom + notSubmission + `(?: [A-HJ-Za-z][A-Za-z*]*=.*)? (?:temporarily )?rejected RCPT <?(?P<note>.*?)>?: [Rr]elay not permitted.*`,
		},
		{
			Kind: earlyKind(), Points: earlyPoints, Hint: "sent without waiting for greeting",
			Message: `SMTP protocol synchronization error \(input sent without waiting for greeting\): rejected connection from H=` + client + ` input="(?P<note>.*)`,
		},
		{
			Kind: guessKind(), Failures: 10, Names: 3, Span: time.Hour, Hint: "authenticator failed for ", Once: behindName,
			Message: `[A-Za-z0-9_-]+ authenticator failed for (?:H=)?` + client + `: 535 Incorrect authentication data(?: \(set_id=(?P<note>.*)\))?`,
		},
	}
}
