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
	"net/netip"
	"slices"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/tally"
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
	Trim func(message []byte) []byte
	// Trap is the kind for a note that was set as a trap.
	Trap  *event.Kind
	Rules []Rule
	// Agree says that a message may fit several rules, and counts only if all
	// name the same client: a client's words in one message may then look like
	// another message, and frame nobody.
	Agree bool
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
	type sort struct {
		name string
		tier event.Tier
	}
	r, tallies := &Recogniser{setting: setting, spec: spec}, make(map[sort]*tally.Tally)
	for _, rule := range spec.Rules {
		if rule.Kind != nil && !setting.Wants(rule.Kind.Tier) && len(setting.Traps) == 0 && !spec.Agree {
			continue
		}
		c, err := compile(rule)
		if err != nil {
			panic(err)
		}
		if rule.Failures > 0 || rule.Names > 0 {
			same := sort{rule.Kind.Name, rule.Kind.Tier}
			if tallies[same] == nil {
				tallies[same] = newTally(rule)
			}
			c.tally = tallies[same]
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
	header, why := r.front(line)
	if why != "" {
		return event.Refuse(why)
	}
	message, count, ok := logline.UnwrapRepeated(header.Message)
	if !ok {
		return event.Match{}, event.Ignored
	}
	if r.spec.Trim != nil {
		message = r.spec.Trim(message)
	}
	for i := range r.rules {
		rule := &r.rules[i]
		if !rule.isAbout(header.Program, message) {
			continue
		}
		said, why, ok := rule.read(message)
		switch {
		case !ok:
			continue
		case why != "":
			return event.Refuse(why)
		}
		if r.spec.Agree && !r.agree(said.addr, header.Program, message, r.rules[i+1:]) {
			return event.Refuse(disputed)
		}
		match, outcome := r.judge(rule, said, header.Time, count)
		match.Host = header.Host
		return match, outcome
	}
	return event.Match{}, event.Ignored
}

// agree tells whether every rule that a message fits names the client.
func (r *Recogniser) agree(client netip.Addr, program, message []byte, rules []compiled) bool {
	for i := range rules {
		if !rules[i].isAbout(program, message) {
			continue
		}
		if said, _, ok := rules[i].read(message); ok && said.addr != client {
			return false
		}
	}
	return true
}

// judge makes an event of what a message said, or counts it.
func (r *Recogniser) judge(rule *compiled, s said, at time.Time, count int) (event.Match, event.Outcome) {
	switch {
	case r.spec.Trap != nil && len(s.note) > 0 && slices.Contains(r.setting.Traps, string(s.note)):
		return event.Match{Kind: r.spec.Trap, Addr: s.addr, Time: at, Note: s.note}, event.Recognised
	case !r.setting.Wants(rule.Kind.Tier):
		return event.Match{}, event.Ignored
	case rule.tally != nil:
		return rule.tally.Add(s.addr, at, s.note, count)
	}
	return event.Match{Kind: rule.Kind, Addr: s.addr, Time: at, Note: s.note, Count: count, Points: rule.Points}, event.Recognised
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
func (r *Recogniser) front(line []byte) (header logline.Header, why string) {
	header, ok := r.setting.Clock.Header(line)
	switch {
	case ok && r.spec.IsProgram(header.Program):
		return header, ""
	case r.spec.Front != nil:
		if at, message, proven := r.spec.Front(r.setting.Clock, line); proven {
			return logline.Header{Time: at, Message: message}, ""
		}
	}
	if ok {
		return logline.Header{}, otherProgram
	}
	return logline.Header{}, noHeader
}
