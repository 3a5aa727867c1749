// Package exim recognises attacks on Exim in its log.
//
// See README.md for what is recognised and parsers/daemon for how.
package exim

import (
	"bytes"
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
// parentheses what the client calls itself, and the address.
const client = `(?:[^ ()\[\]]+ )?(?:\([^()]*\) )?\[ADDR\](?::\d+)?(?: I=\[[^\]]*\](?::\d+)?)?`

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	return []event.Kind{*droppedKind(), *relayKind(), *trapKind(), *guessKind()}
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
		Trim: func(message []byte) []byte { return withoutStamp(message) }, Rules: rules(),
	})
}

// withoutStamp cuts off the time that Exim writes in syslog, too, and its pid.
func withoutStamp(message []byte) []byte {
	const stamp = len("2006-01-02 15:04:05 ")
	if len(message) > stamp && message[4] == '-' && message[7] == '-' && message[13] == ':' && message[16] == ':' && message[stamp-1] == ' ' {
		message = message[stamp:]
	}
	if pid, rest, ok := bytes.Cut(message, []byte("] ")); ok && len(pid) > 1 && pid[0] == '[' && len(bytes.Trim(pid[1:], "0123456789")) == 0 {
		return rest
	}
	return message
}

func rules() []daemon.Rule {
	return []daemon.Rule{
		{Kind: droppedKind(), Hint: "dropped: too many ", Message: `SMTP call from ` + client + `(?: U=\S+)? dropped: too many (?P<note>nonmail commands|unrecognized commands|syntax or protocol errors).*`},
		{Kind: relayKind(), Hint: "relay not permitted", Message: `H=` + client + `(?: [A-Za-z*]+=.*)? (?:temporarily )?rejected RCPT <?(?P<note>.*?)>?: relay not permitted.*`},
		{
			Kind: guessKind(), Failures: 10, Names: 3, Span: time.Hour, Hint: "authenticator failed for ",
			Message: `[A-Za-z0-9_-]+ authenticator failed for ` + client + `(?: U=\S+)?: 535 Incorrect authentication data(?: \(set_id=(?P<note>.*)\))?`,
		},
	}
}
