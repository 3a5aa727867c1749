// Package dropbear recognises attacks on Dropbear in the system's log.
//
// See README.md for what is recognised and parsers/daemon for how.
package dropbear

import (
	"bytes"
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "dropbear"

// Summary says in a line what the service reads.
const Summary = "Dropbear's messages in auth.log or messages"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	return []event.Kind{*maxAuthKind(), *trapKind(), *changeKind(), *guessKind()}
}

func maxAuthKind() *event.Kind {
	return &event.Kind{
		Name: "ssh.maxauth", Tier: event.Hard, Points: 20,
		Summary: "one connection failed as many log-ins as Dropbear allows",
		Example: "Nov 22 10:00:00 host dropbear[4242]: Exit before auth (user 'root', 10 fails): Max auth tries reached - user 'root' from 203.0.113.66:41866",
	}
}

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a user name that was set as a trap (--trap NAME)",
		Example: "Nov 22 10:00:00 host dropbear[4242]: Bad password attempt for 'a-name-set-as-a-trap' from 203.0.113.66:41866",
	}
}

func changeKind() *event.Kind {
	return &event.Kind{
		Name: "ssh.penalty", Tier: event.Medium, Points: 10,
		Summary: "changed the user name within one connection, which Dropbear forbids",
		Example: "Nov 22 10:00:00 host dropbear[4242]: Exit before auth from <203.0.113.66:41866>: (user 'root', 1 fails): Client trying multiple usernames",
	}
}

func guessKind() *event.Kind {
	return &event.Kind{
		Name: "ssh.bruteforce", Tier: event.Soft, Points: 20,
		Summary: "ten failed passwords or unknown names within ten minutes",
		Example: "Nov 22 10:00:00 host dropbear[4242]: message repeated 10 times: [ Bad password attempt for 'root' from 203.0.113.66:41866]",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	isProgram := func(name []byte) bool { return string(name) == "dropbear" }
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Trim: withoutFront, Trap: trapKind(), Rules: rules()})
}

// withoutFront cuts off "[PID] Jan _2 15:04:05 ", which stands in front of
// Dropbear's own output (-E), where the journal keeps that.
func withoutFront(message []byte) []byte {
	pid, rest, ok := bytes.Cut(message, []byte("] "))
	if !ok || len(pid) < 2 || pid[0] != '[' || len(bytes.TrimRight(pid[1:], "0123456789")) > 0 {
		return message
	}
	const front = len("Jan _2 15:04:05 ")
	if len(rest) < front || !logline.Stamped(rest) {
		return message
	}
	return rest[front:]
}

func rules() []daemon.Rule {
	const tries, span = 10, 10 * time.Minute
	return []daemon.Rule{
		// From 2020.79 on the address comes before the name, until then behind.
		// The user is told of in front only if there is one of that name; if not,
		// the name is not told, but called 'is invalid'.
		{Kind: maxAuthKind(), Hint: "xit before auth from <", Message: `Exit before auth from <ADDR:\d+>: (?:\(user '.*', \d+ fails\): )?Max auth tries reached - user '(?P<note>.*)'(?: from .*)?`},
		{Kind: maxAuthKind(), Hint: "Max auth tries reached", Message: `[Ee]xit before auth(?: \(user '.*', \d+ fails\)|): Max auth tries reached - user '(?P<note>.*)' from ADDR:\d+`},
		{Kind: changeKind(), Hint: "Client trying multiple usernames", Message: `Exit before auth from <ADDR:\d+>: (?:\(user '(?P<note>.*)', \d+ fails\): )?Client trying multiple usernames`},
		{Kind: changeKind(), Hint: "Client trying multiple usernames", Message: `[Ee]xit before auth(?: \(user '(?P<note>.*)', \d+ fails\)|): Client trying multiple usernames from ADDR:\d+`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "password attempt for", Message: `[Bb]ad (?:PAM )?password attempt for '(?P<note>.*)' from ADDR:\d+`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "ttempt for nonexistent user", Message: `[Ll]ogin attempt for nonexistent user(?: '(?P<note>.*)')? from ADDR:\d+`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "ttempt with wrong user", Message: `Login attempt with wrong user (?P<note>.*) from ADDR:\d+`},
	}
}
