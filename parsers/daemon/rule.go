package daemon

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/tally"
)

// Rule is one message that a daemon writes about a client.
type Rule struct {
	Kind *event.Kind
	// Hint is a text that every such message has; it is looked for in every
	// line, so it should be rare and begin with a rare letter.
	Hint string
	// Message describes the whole message as a regular expression; "^" and "$"
	// are put around it. ADDR stands, once, for the client's address, and
	// (?P<note>…) for what is shown. Where a client's words stand in front of
	// ADDR, what follows ADDR must be fixed to the end; where they stand behind
	// it, what is in front must be fixed from the beginning.
	Message string
	// Once is a text that must not stand twice in the line: the client's words
	// stand on both sides of it, so the line proves nothing if it does.
	Once string
	// Points, if not 0, are fewer than the kind's.
	Points uint16
	// Failures and Names, if not 0, are how many such messages, or messages
	// with different notes, within Span make one event.
	Failures, Names int
	Span            time.Duration
}

// addr is what ADDR stands for: what an address is made of, and no more. That
// it is one, is checked later.
const addr = `(?P<addr>[0-9a-fA-F:.]+)`

// compiled is a rule, ready to be compared.
type compiled struct {
	kind       *event.Kind
	hint, once []byte
	message    *regexp.Regexp
	addr, note int
	points     uint16
	tally      *tally.Tally
}

func compile(rule Rule) (compiled, error) {
	if rule.Kind == nil || rule.Hint == "" || strings.Count(rule.Message, "ADDR") != 1 {
		return compiled{}, fmt.Errorf("message %q: want a kind, a hint, and ADDR once", rule.Message)
	}
	// A client's words may be any bytes.
	message, err := regexp.Compile(`^(?s:` + strings.Replace(rule.Message, "ADDR", addr, 1) + `)$`)
	if err != nil {
		return compiled{}, fmt.Errorf("message %q: %w", rule.Message, err)
	}
	c := compiled{
		kind: rule.Kind, hint: []byte(rule.Hint), once: []byte(rule.Once), message: message,
		addr: message.SubexpIndex("addr"), note: message.SubexpIndex("note"), points: rule.Points,
	}
	if rule.Failures > 0 || rule.Names > 0 {
		c.tally = tally.New(tally.Rule{
			Kind: rule.Kind, Points: rule.Points, Failures: rule.Failures, Names: rule.Names, Span: rule.Span,
			Counted: "a failure that counts towards " + rule.Kind.Name,
		})
	}
	return c, nil
}

// Reasons why a line that speaks of an attack is not believed.
const (
	noHeader     = "no header in front that the daemon or its logger writes"
	otherProgram = "another program's line"
	twice        = "the client's words look like a part of the message"
	noAddress    = "the client is named, not numbered: host names are not resolved"
)

// read judges a message; ok is false if it is not this rule's.
func (c *compiled) read(message []byte, at time.Time, count int) (match event.Match, outcome event.Outcome, ok bool) {
	groups := c.message.FindSubmatchIndex(message)
	if groups == nil {
		return event.Match{}, event.Ignored, false
	}
	if len(c.once) > 0 && bytes.Count(message, c.once) != 1 {
		match, outcome = event.Refuse(twice)
		return match, outcome, true
	}
	client, valid := event.Addr(message[groups[2*c.addr]:groups[2*c.addr+1]])
	if !valid {
		match, outcome = event.Refuse(noAddress)
		return match, outcome, true
	}
	var note []byte
	if c.note > 0 && groups[2*c.note] >= 0 {
		note = message[groups[2*c.note]:groups[2*c.note+1]]
	}
	if c.tally != nil {
		match, outcome = c.tally.Add(client, at, note, count)
		return match, outcome, true
	}
	return event.Match{Kind: c.kind, Addr: client, Time: at, Note: note, Count: count, Points: c.points}, event.Recognised, true
}
