package daemon

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
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
	// Unless is a text that the message must not have.
	Unless string
	// Except are texts of which the program's name must have none.
	Except []string
	// Points, if not 0, are fewer than the kind's.
	Points uint16
	// Failures and Names, if not 0, are how many such messages, or messages
	// with different notes, within Span make one event. Rules of one kind and
	// tier count together.
	Failures, Names int
	Span            time.Duration
}

// addr is what ADDR stands for: what an address is made of, and no more. That
// it is one, is checked later.
const addr = `(?P<addr>[0-9a-fA-F:.]+)`

// compiled is a rule, ready to be compared.
type compiled struct {
	Rule
	hint, once, unless []byte
	message            *regexp.Regexp
	addr, note         int // their groups; note may be -1
	tally              *tally.Tally
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
		Rule: rule, hint: []byte(rule.Hint), once: []byte(rule.Once), unless: []byte(rule.Unless),
		message: message, addr: message.SubexpIndex("addr"), note: message.SubexpIndex("note"),
	}
	return c, nil
}

// newTally returns what counts a rule's failures.
func newTally(rule Rule) *tally.Tally {
	return tally.New(tally.Rule{
		Kind: rule.Kind, Points: rule.Points, Failures: rule.Failures, Names: rule.Names, Span: rule.Span,
		Counted: "a failure that counts towards " + rule.Kind.Name,
	})
}

// isAbout tells quickly whether a message may be the rule's.
func (c *compiled) isAbout(program, message []byte) bool {
	return bytes.Contains(message, c.hint) &&
		(len(c.unless) == 0 || !bytes.Contains(message, c.unless)) &&
		!slices.ContainsFunc(c.Except, func(text string) bool { return bytes.Contains(program, []byte(text)) })
}

// Reasons why a line that speaks of an attack is not believed.
const (
	noHeader     = "no header in front that the daemon or its logger writes"
	otherProgram = "another program's line"
	twice        = "the client's words look like a part of the message"
	disputed     = "it fits two rules, which name different clients"
	noAddress    = "the client is named, not numbered: host names are not resolved"
)

// said is what a message says.
type said struct {
	addr netip.Addr
	note []byte
}

// read reads a message; ok is false if it is not this rule's, and why is the
// reason if it proves nothing.
func (c *compiled) read(message []byte) (s said, why string, ok bool) {
	groups := c.message.FindSubmatchIndex(message)
	if groups == nil {
		return said{}, "", false
	}
	if len(c.once) > 0 && bytes.Count(message, c.once) > 1 {
		return said{}, twice, true
	}
	if s.addr, ok = event.Addr(message[groups[2*c.addr]:groups[2*c.addr+1]]); !ok {
		return said{}, noAddress, true
	}
	if c.note > 0 && groups[2*c.note] >= 0 {
		s.note = message[groups[2*c.note]:groups[2*c.note+1]]
	}
	return s, "", true
}
