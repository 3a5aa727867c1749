// Package daemon recognises the messages of one daemon by a table of them. A
// service whose messages fit one line each is a table and no code: see
// parsers/postfix for the usual case.
//
// As in parsers/sshd, a line counts only when all of it is accounted for: a
// proven header of the daemon, and a message that fits its [Rule] from the
// first byte to the last. The rules are anchored by construction.
package daemon

import (
	"bytes"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// Spec describes a daemon and its log.
type Spec struct {
	// IsProgram tells whether the daemon logs to syslog under the name.
	IsProgram func(name []byte) bool
	// Front proves the front of a line in a file that the daemon writes
	// itself, and returns the message; nil if it writes none.
	Front func(clock logline.Clock, line []byte) (at time.Time, message []byte, ok bool)
	// Trim cuts off what the daemon may put in front of every message, such as
	// a queue's number; nil for nothing.
	Trim  func(message []byte) []byte
	Rules []Rule
}

// Recogniser reads one stream of lines in order. It is not safe for concurrent
// use.
type Recogniser struct {
	setting event.Setting
	spec    Spec
	rules   []compiled
}

// New returns a recogniser. It panics if a rule is not well-formed, which is a
// defect of the table.
func New(setting event.Setting, spec Spec) *Recogniser {
	r := &Recogniser{setting: setting, spec: spec}
	for _, rule := range spec.Rules {
		if rule.Kind != nil && !setting.Wants(rule.Kind.Tier) {
			continue
		}
		c, err := compile(rule)
		if err != nil {
			panic(err)
		}
		r.rules = append(r.rules, c)
	}
	return r
}

// Recognise tells what one line, without its line break, says. It does not
// allocate for lines that it ignores.
func (r *Recogniser) Recognise(line []byte) (event.Match, event.Outcome) {
	if !r.hinted(line) {
		return event.Match{}, event.Ignored
	}
	at, host, message, why := r.front(line)
	if why != "" {
		return event.Refuse(why)
	}
	message, count, ok := logline.UnwrapRepeated(message)
	if !ok {
		return event.Match{}, event.Ignored
	}
	if r.spec.Trim != nil {
		message = r.spec.Trim(message)
	}
	for i := range r.rules {
		if !bytes.Contains(message, r.rules[i].hint) {
			continue
		}
		if match, outcome, ok := r.rules[i].read(message, at, count); ok {
			match.Host = host
			return match, outcome
		}
	}
	return event.Match{}, event.Ignored
}

func (r *Recogniser) hinted(line []byte) bool {
	for i := range r.rules {
		if bytes.Contains(line, r.rules[i].hint) {
			return true
		}
	}
	return false
}

// front proves the front of a line; why is the reason if it cannot.
func (r *Recogniser) front(line []byte) (at time.Time, host, message []byte, why string) {
	header, ok := r.setting.Clock.Header(line)
	switch {
	case ok && r.spec.IsProgram(header.Program):
		return header.Time, header.Host, header.Message, ""
	case r.spec.Front != nil:
		if at, message, proven := r.spec.Front(r.setting.Clock, line); proven {
			return at, nil, message, ""
		}
	}
	if ok {
		return time.Time{}, nil, nil, otherProgram
	}
	return time.Time{}, nil, nil, noHeader
}
