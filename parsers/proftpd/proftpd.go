// Package proftpd recognises attacks on ProFTPD in what ProFTPD writes through syslog or to its SystemLog.
//
// See README.md for what is recognised and parsers/daemon for how.
package proftpd

import (
	"bytes"
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "proftpd"

// Summary says in a line what the service reads.
const Summary = "ProFTPD's log"

// session is how ProFTPD names the server and the client in front of each
// message.
const session = `\S+ \([^ ()\[\]]*\[ADDR\]\)(?: -|:) `

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*maxKind(), *trapKind(), *guessKind()} }

func maxKind() *event.Kind {
	return &event.Kind{
		Name: "other.ftp", Tier: event.Hard, Points: 20, PerMinute: 2,
		Summary: "failed as many log-ins as ProFTPD allows, or tried root",
		Example: "Nov 22 10:00:00 host proftpd[4242]: host (203.0.113.66[203.0.113.66]) - Maximum login attempts (3) exceeded, connection refused",
	}
}

func guessKind() *event.Kind {
	return &event.Kind{
		Name: "other.ftp", Tier: event.Soft, Points: 20,
		Summary: "ten failed log-ins within ten minutes",
		Example: "Nov 22 10:00:00 host proftpd[4242]: message repeated 10 times: [ host (203.0.113.66[203.0.113.66]) - USER a (Login failed): Incorrect password]",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Front: front, Trap: trapKind(), Rules: rules()})
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a user name that was set as a trap (--trap NAME)",
		Example: "Nov 22 10:00:00 host proftpd[4242]: host (203.0.113.66[203.0.113.66]) - USER a-name-set-as-a-trap: no such user found from 203.0.113.66 [203.0.113.66] to 192.0.2.1:21",
	}
}

func rules() []daemon.Rule {
	const tries, span = 10, 10 * time.Minute
	return []daemon.Rule{
		{Kind: maxKind(), Hint: "Maximum login attempts", Message: session + `Maximum login attempts \(\d+\) exceeded.*`},
		{Kind: maxKind(), Hint: "SECURITY VIOLATION", Message: session + `SECURITY VIOLATION: [Rr]oot login attempted.*`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "(Login failed)", Message: session + `USER (?P<note>.*) \(Login failed\).*`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: ": no such user", Message: session + `USER (?P<note>.*): no such user.*`},
	}
}

func isProgram(name []byte) bool { return string(name) == "proftpd" }

// front reads "TIME HOST proftpd[PID] MESSAGE", as ProFTPD writes to a file.
func front(clock logline.Clock, line []byte) (at time.Time, message []byte, ok bool) {
	at, rest, ok := clock.Front(line)
	if !ok {
		return time.Time{}, nil, false
	}
	_, rest, _ = bytes.Cut(rest, []byte{' '})
	rest, ok = bytes.CutPrefix(rest, []byte("proftpd["))
	pid, message, cut := bytes.Cut(rest, []byte("] "))
	return at, message, ok && cut && len(bytes.Trim(pid, "0123456789")) == 0
}
