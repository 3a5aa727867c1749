package accesslog

import (
	"bytes"

	"penaltybox/parsers/event"
)

// Layout is what the lines of a log so far tell of its format: a log has one,
// so that a line which could be read in two ways is read as the others are, or
// not at all.
type Layout struct {
	// Sited: a line began with the name of a virtual host, behind which the
	// client stood.
	Sited bool `json:"sited,omitempty"`
	// Bare: one of these had no port, which Apache's %v:%p always has.
	Bare bool `json:"bare,omitempty"`
	// Plain: a line began with the client.
	Plain bool `json:"plain,omitempty"`
	// Seen is how many lines were looked at.
	Seen int `json:"seen,omitempty"`
}

// enough is how many lines are looked at: the format of a log shows in the
// first.
const enough = 1000

// Learn takes note of a line's form. A line that begins with a name and an
// address has a virtual host in front, whatever its client says of itself; one
// that begins with an address may have the words of a client's there.
func (l *Layout) Learn(r *Request) {
	if l.Seen >= enough || r.json.is {
		return
	}
	l.Seen++
	first, rest, _ := bytes.Cut(r.front, []byte{' '})
	_, isAddr := event.Addr(first)
	if bytes.HasPrefix(rest, []byte("- - [")) {
		l.Plain = l.Plain || isAddr && !hasClient(rest)
		return
	}
	second, behind, _ := bytes.Cut(rest, []byte{' '})
	_, ok := event.Addr(second)
	if ok && !isAddr && isName(first) && bytes.HasPrefix(behind, []byte("- ")) {
		l.Sited, l.Bare = true, l.Bare || !hasPort(first)
	}
}

// hasPort tells whether a virtual host ends with a port.
func hasPort(site []byte) bool {
	at := bytes.LastIndexByte(site, ':')
	return at >= 0 && at+1 < len(site) && len(bytes.Trim(site[at+1:], "0123456789")) == 0
}

// isName tells whether a word is the name of a virtual host, and not just what
// servers write for none.
func isName(word []byte) bool {
	return isSite(word) && bytes.ContainsFunc(word, func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' })
}

// hasClient tells whether "ADDRESS - " stands in text: what a server writes of
// a client, or a client of somebody else.
func hasClient(text []byte) bool {
	for {
		at := bytes.Index(text, []byte(" - "))
		if at < 0 {
			return false
		}
		if _, ok := event.Addr(text[bytes.LastIndexByte(text[:at], ' ')+1 : at]); ok {
			return true
		}
		text = text[at+len(" -"):]
	}
}
