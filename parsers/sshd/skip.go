package sshd

import (
	"bytes"

	"penaltybox/parsers/event"
)

// So many bytes are searched at a time: more while there is nothing in them,
// since searches cost less so, and few behind an event, since events come
// together and end each search.
const (
	leastSearched = 1 << 10
	mostSearched  = 16 << 10
)

// Skip passes over lines at the front of a text, in which every line ends with
// a line break, and returns the length of those that it took: none of them is
// an event, and [Recogniser.Recognise] would have ignored each. The next line is
// Recognise's, or if Skip took something, may be Skip's again.
//
// Only hard kinds are so rare that this helps. Their lines are found by
// searching all the text at once, so that the others are never looked at one by
// one.
func (r *Recogniser) Skip(lines []byte) int {
	if r.setting.Wants(event.Medium) || len(r.setting.Traps) > 0 {
		return 0
	}
	r.searched = min(max(2*r.searched, leastSearched), mostSearched)
	lines = lines[:min(len(lines), r.searched)]
	without := withoutEvent(lines[:bytes.LastIndexByte(lines, '\n')+1])
	if len(without) < len(lines)/2 {
		r.searched = 0
	}
	lines = without
	if len(lines) > 0 {
		r.history.write(lines)
		r.passed = true
	}
	return len(lines)
}

// withoutEvent cuts text before the first line that [Recogniser.subject] may
// take for one of a hard kind.
func withoutEvent(text []byte) []byte {
	if at := bytes.IndexByte(text, '\r'); at >= 0 {
		text = text[:at] // which may belong to a line break
	}
	for _, hint := range [][]byte{maxAuthHint, tooMany} {
		if at := bytes.Index(text, hint); at >= 0 {
			text = text[:at]
		}
	}
	// The words of a penalty begin with a frequent letter, and end with a rare.
	for from := 0; ; {
		at := bytes.IndexByte(text[from:], '#')
		if at < 0 {
			break
		}
		from += at + 1
		if bytes.HasSuffix(text[:from], dropWords) {
			text = text[:from]
			break
		}
	}
	return text[:bytes.LastIndexByte(text, '\n')+1]
}
