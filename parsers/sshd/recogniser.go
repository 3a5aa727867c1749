package sshd

import (
	"bytes"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Name is the service's name on the command line and in incidents.
const Name = "sshd"

// Summary says in a line what the service reads.
const Summary = "OpenSSH's messages in auth.log, secure or the journal"

// Kinds returns the kinds of events that the recogniser finds.
func Kinds() []event.Kind {
	return []event.Kind{*maxAuthKind()}
}

// Reasons why a line that speaks of an attack is not believed.
const (
	noHeader     = "no syslog header in front: sshd's own output (-E, -e) can be forged"
	behindForged = "so close behind a line without a header that a client could have written it"
	otherProgram = "another program's line"
	otherMessage = "the words stand inside another message"
	cutOff       = "the message may be cut off, so its end proves nothing"
)

// Recogniser reads one stream of lines in order. It is not safe for
// concurrent use.
type Recogniser struct {
	clock   logline.Clock
	maxAuth *event.Kind
	doubt   doubt
}

// New returns a recogniser for a log whose times clock understands.
func New(clock logline.Clock) *Recogniser {
	return &Recogniser{clock: clock, maxAuth: maxAuthKind()}
}

// Recognise tells what one line, without its line break, says. It does not
// allocate for lines that it ignores.
func (r *Recogniser) Recognise(line []byte) (event.Match, event.Outcome) {
	doubtful := r.doubt.next(line)
	if !bytes.Contains(line, maxAuthHint) {
		return event.Match{}, event.Ignored
	}
	header, ok := r.clock.Header(line)
	switch {
	case !ok:
		return event.Refuse(noHeader)
	case !isProgram(header.Program):
		return event.Refuse(otherProgram)
	case doubtful:
		return event.Refuse(behindForged)
	}
	message, count, ok := unwrapRepeated(header.Message)
	switch {
	case !ok:
		return event.Refuse(otherMessage)
	case len(message) >= longestMessage:
		return event.Refuse(cutOff)
	}
	match, outcome := r.readMaxAuth(message)
	if outcome == event.Recognised {
		match.Time, match.Host, match.Count = header.Time, header.Host, count
	}
	return match, outcome
}

// longestMessage is where sshd cuts what it hands to syslog (log.c, "%.500s").
const longestMessage = 500

// isProgram tells whether sshd logs under the name: its parts have names of
// their own since 9.8 and 10.0.
func isProgram(name []byte) bool {
	switch string(name) {
	case "sshd", "sshd-session", "sshd-auth":
		return true
	}
	return false
}

// mostRepeats bounds what one "message repeated" line may stand for.
const mostRepeats = 1000

// unwrapRepeated turns rsyslog's "message repeated N times: [ MESSAGE]" into
// MESSAGE and N, and any other message into itself and 1.
func unwrapRepeated(message []byte) (inner []byte, count int, ok bool) {
	rest, wrapped := bytes.CutPrefix(message, []byte("message repeated "))
	if !wrapped {
		return message, 1, true
	}
	times, inner, ok := bytes.Cut(rest, []byte(" times: [ "))
	if !ok || len(times) == 0 || len(times) > 9 {
		return nil, 0, false
	}
	for _, b := range times {
		if b < '0' || b > '9' {
			return nil, 0, false
		}
		count = count*10 + int(b-'0')
	}
	inner, ok = bytes.CutSuffix(inner, []byte{']'})
	return inner, min(count, mostRepeats), ok && count > 0
}
