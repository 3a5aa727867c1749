// Package apacheerror recognises exploits in Apache's error log, where clients' words
// are escaped.
//
// See README.md for what is recognised and parsers/daemon for how.
package apacheerror

import (
	"bytes"
	"time"

	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "apache-error"

// Summary says in a line what the service reads.
const Summary = "Apache's error log"

// front is what Apache writes behind the time: module and level, process, client.
// Since 2.4 a port follows the address, before that none.
const (
	front24 = `\[[a-z0-9_]*:[a-z0-9]+\] (?:\[pid \d+(?::tid \d+)?\] )?(?:[^\[\]]*: )?\[client ADDR:\d+\] `
	front22 = `\[error\] \[client ADDR\] `
)

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind { return []event.Kind{*exploitKind()} }

func exploitKind() *event.Kind {
	return &event.Kind{
		Name: "web.exploit", Tier: event.Hard, Points: 30, PerMinute: 2,
		Summary: "tried to climb out of the server's directories, or to run code through an old bash",
		Example: "[Sun Nov 22 10:00:00.123456 2026] [core:error] [pid 42:tid 43] [client 203.0.113.66:41866] AH10244: invalid URI path (/cgi-bin/.%2e/.%2e/bin/sh)",
	}
}

// New returns a recogniser for a log.
func New(setting event.Setting) *daemon.Recogniser {
	isProgram := func([]byte) bool { return false }
	return daemon.New(setting, daemon.Spec{IsProgram: isProgram, Front: readFront, Rules: rules()})
}

func rules() []daemon.Rule {
	// Whoever climbs out of the server's root is after one of these files, or
	// says so in a disguise; a crawler that is bad at links only climbs.
	const (
		target = `(?:etc/(?:passwd|shadow|hosts)|proc/self/|/bin/(?:sh|bash)|system32|(?:boot|win)\.ini|\.%2e|%2e\.|%2e%2e|%%32%65|%c0%a[ef])`
		climbs = `(?P<note>\S+ /(?i:\S*` + target + `\S*))(?: HTTP/[0-9.]+)?`
		// The variable is named after the client's header.
		bash = `(?:[^ ]*/)?bash: (?:warning: HTTP_\S+: ignoring function definition attempt|error importing function definition for [\x60']HTTP_[^ ']*').*`
	)
	var all []daemon.Rule
	for _, front := range []string{front24, front22} {
		all = append(all,
			daemon.Rule{Kind: exploitKind(), Hint: "Invalid URI in request", Message: front + `(?:AH00126: )?Invalid URI in request ` + climbs + `(?:, referer: .*)?`},
			daemon.Rule{Kind: exploitKind(), Hint: "function definition", Message: front + `(?:AH01215: )?` + bash},
		)
	}
	return append(all, daemon.Rule{Kind: exploitKind(), Hint: "AH10244: invalid URI path", Message: front24 + `AH10244: invalid URI path \((?P<note>.*)\)(?:, referer: .*)?`})
}

// readFront reads "[TIME] ".
func readFront(clock logline.Clock, line []byte) (at time.Time, message []byte, ok bool) {
	line, ok = bytes.CutPrefix(line, []byte{'['})
	stamp, message, cut := bytes.Cut(line, []byte("] "))
	if !ok || !cut {
		return time.Time{}, nil, false
	}
	at, rest, ok := clock.Front(append(bytes.Clone(stamp), ' '))
	return at, message, ok && len(rest) == 0
}
