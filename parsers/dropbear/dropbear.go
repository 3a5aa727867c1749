// Package dropbear recognises attacks on Dropbear in the system's log.
//
// See README.md for what is recognised and parsers/daemon for how.
package dropbear

import (
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
)

// Name is the service's name on the command line and in incidents.
const Name = "dropbear"

// Summary says in a line what the service reads.
const Summary = "Dropbear's messages in auth.log or messages"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*maxAuthKind(), *trapKind(), *guessKind()} }

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
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Trap: trapKind(), Rules: rules()})
}

func rules() []daemon.Rule {
	const tries, span = 10, 10 * time.Minute
	return []daemon.Rule{
		// From 2020.79 on the address comes before the name, until then behind.
		{Kind: maxAuthKind(), Hint: "xit before auth from <", Message: `Exit before auth from <ADDR:\d+>: \(user '(?P<note>.*)', \d+ fails\): Max auth tries reached - user '.*'(?: from .*)?`},
		{Kind: maxAuthKind(), Hint: "Max auth tries reached", Message: `(?:Exit before auth|exit before auth) \(user '.*', \d+ fails\): Max auth tries reached - user '(?P<note>.*)' from ADDR:\d+`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "password attempt for", Message: `[Bb]ad (?:PAM )?password attempt for '(?P<note>.*)' from ADDR:\d+`},
		{Kind: guessKind(), Failures: tries, Names: tries, Span: span, Hint: "ttempt for nonexistent user", Message: `(?:Login attempt|login attempt) for nonexistent user(?: '(?P<note>.*)')? from ADDR:\d+`},
	}
}
