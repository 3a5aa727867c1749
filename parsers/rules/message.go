package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"penaltybox/parsers/daemon"
)

// class is what a part of a message may be.
type class string

const (
	fixed  class = ""       // text of the daemon's
	addr   class = "addr"   // the client's address
	number class = "number" // digits
	word   class = "word"   // a word of the daemon's own, or a host name
	free   class = "any"    // the client's words: anything
	note   class = "note"   // the same, to be shown
)

// part is one piece of a message.
type part struct {
	class class
	text  string // of fixed parts
}

// pattern is the part as a regular expression.
func (p part) pattern() string {
	switch p.class {
	case addr:
		return "ADDR"
	case number:
		return `[0-9]+`
	case word:
		return `[A-Za-z0-9._-]+`
	case free:
		return `.*`
	case note:
		return `(?P<note>.*)`
	}
	// ADDR is not the daemon's word here.
	return strings.ReplaceAll(regexp.QuoteMeta(p.text), "ADDR", "[A]DDR")
}

// has tells whether a part of the class can hold a byte.
func (c class) has(b byte) bool {
	digit := '0' <= b && b <= '9'
	switch c {
	case addr:
		return digit || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F' || b == ':' || b == '.'
	case number:
		return digit
	case word:
		return digit || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '.' || b == '_' || b == '-'
	}
	return false
}

// isFree tells whether the client chooses what stands there.
func (c class) isFree() bool { return c == free || c == note }

// message is one message of a daemon's.
type message []part

var placeholder = regexp.MustCompile(`<[a-z]+>`)

const (
	longestMessage = 1000
	leastText      = 4 // bytes of text in one piece, by which a message is known
)

// parseMessage reads a message: fixed text, and in place of what changes <addr>,
// <number>, <word>, <any> and <note>. It is taken only if every line that it
// describes has one reading: from one end up to the address nothing stands that
// the client could choose, and each part on that way ends where a byte follows
// that it cannot hold.
func parseMessage(text string) (message, error) {
	if len(text) > longestMessage {
		return nil, fmt.Errorf("a message of %d bytes: at most %d", len(text), longestMessage)
	}
	for _, r := range text {
		if r == unicode.ReplacementChar || r != ' ' && !unicode.IsGraphic(r) {
			return nil, fmt.Errorf("%q: a message is one line of text that can be seen", text)
		}
	}
	var m message
	for at, bounds := 0, placeholder.FindAllStringIndex(text, -1); ; bounds = bounds[1:] {
		if len(bounds) == 0 {
			m = m.withText(text[at:])
			break
		}
		m = m.withText(text[at:bounds[0][0]])
		c := class(text[bounds[0][0]+1 : bounds[0][1]-1])
		switch c {
		case addr, number, word, free, note:
			m = append(m, part{class: c})
		default:
			return nil, fmt.Errorf("<%s> is unknown; known are <addr>, <any>, <note>, <number>, <word>", c)
		}
		at = bounds[0][1]
	}
	return m, errors.Join(m.checkParts(), m.checkEdges(), m.checkOpening())
}

func (m message) withText(text string) message {
	if text == "" {
		return m
	}
	return append(m, part{text: text})
}

func (m message) count(c class) (n int) {
	for _, p := range m {
		if p.class == c {
			n++
		}
	}
	return n
}

// address returns where <addr> stands.
func (m message) address() int {
	for i, p := range m {
		if p.class == addr {
			return i
		}
	}
	return -1
}

// hasFree tells whether some of the parts are the client's choice.
func (m message) hasFree() bool {
	for _, p := range m {
		if p.class.isFree() {
			return true
		}
	}
	return false
}

// checkParts wants one address, with the client's words on one side at most.
func (m message) checkParts() error {
	if m.count(addr) != 1 {
		return errors.New("want <addr> once")
	}
	if m.count(note) > 1 {
		return errors.New("want <note> once at most; <any> is not shown")
	}
	at := m.address()
	if m[:at].hasFree() && m[at:].hasFree() {
		return errors.New("<any> and <note> stand on both sides of <addr>: the client could write the middle of the message itself; " +
			"if what stands on one side is the daemon's own word, say <word>")
	}
	return nil
}

// checkEdges wants each part to end where something follows that it cannot
// hold.
func (m message) checkEdges() error {
	var faults []error
	for i, p := range m {
		if p.class == fixed {
			continue
		}
		if i > 0 {
			switch before := m[i-1]; {
			case before.class != fixed:
				faults = append(faults, fmt.Errorf("<%s> stands right behind <%s>: want text between them", p.class, before.class))
			case p.class.has(before.text[len(before.text)-1]):
				faults = append(faults, fmt.Errorf("%q stands right in front of <%s>, which could begin with it: where it begins is not clear", before.text[len(before.text)-1:], p.class))
			}
		}
		if i+1 < len(m) && m[i+1].class == fixed && p.class.has(m[i+1].text[0]) && !m.closesAddress(i) {
			faults = append(faults, fmt.Errorf("%q stands right behind <%s>, which could end with it: where it ends is not clear", m[i+1].text[:1], p.class))
		}
	}
	return errors.Join(faults...)
}

// closesAddress tells whether what follows an address ends it, although an
// address can hold it: a port, ":<number>", or a colon or full stop, with
// nothing behind that an address can hold.
func (m message) closesAddress(i int) bool {
	if m[i].class != addr {
		return false
	}
	text, behind := m[i+1].text, m[i+2:]
	switch {
	case text[0] != ':' && text[0] != '.':
		return false
	case len(text) > 1:
		return !addr.has(text[1])
	case text == ":" && len(behind) > 0 && behind[0].class == number:
		return len(behind) == 1 || behind[1].class == fixed && !addr.has(behind[1].text[0])
	}
	return len(behind) == 0
}

// repeated is how syslog begins a message that stands for several.
const repeated = "message repeated "

// checkOpening wants a message to begin with what the daemon chose, so that it
// is known by it: by enough of it, and not by what syslog itself writes.
func (m message) checkOpening() error {
	at, known := m.address(), false
	if at < 0 {
		return nil // told by checkParts
	}
	for i, p := range m {
		if p.class.isFree() && i < at {
			break
		}
		known = known || len(strings.ReplaceAll(p.text, " ", "")) >= leastText
	}
	switch opening := m[0]; {
	case opening.class != fixed && opening.class != addr:
		return fmt.Errorf("it begins with <%s>: want text of the daemon's in front, or any message that ends alike would fit", opening.class)
	case opening.class == fixed && (strings.HasPrefix(opening.text, repeated) || strings.HasPrefix(repeated, opening.text)):
		return fmt.Errorf("%q: syslog writes %q itself, and it is undone before", opening.text, repeated)
	case !known:
		return fmt.Errorf("too little text to know the message by: want %d bytes in one piece, in front of the client's words", leastText)
	}
	return nil
}

// hint returns the longest text of the message.
func (m message) hint() string {
	longest := ""
	for _, p := range m {
		if len(p.text) > len(longest) {
			longest = p.text
		}
	}
	return longest
}

// rule returns the message as a rule of a daemon's.
func (m message) rule() daemon.Rule {
	var pattern strings.Builder
	for _, p := range m {
		pattern.WriteString(p.pattern())
	}
	return daemon.Rule{Hint: m.hint(), Message: pattern.String()}
}
