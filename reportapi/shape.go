package reportapi

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
)

// shape is how a body carries reports.
type shape uint8

const (
	shapeObject shape = iota // one JSON object
	shapeForm                // one form
	shapeArray               // a JSON array
	shapeLines               // one JSON object a line
	shapeText                // one address a line
)

// shape tells how the body carries reports: by its type, and where that says
// too little (JSON), or is what curl says of everything (a form), by its first
// bytes.
func (b body) shape() (shape, error) {
	switch {
	case b.contentType == plainType:
		return shapeText, nil
	case slices.Contains(ndjsonTypes, b.contentType):
		return shapeLines, nil
	case b.contentType != jsonType && b.contentType != formType && b.contentType != "":
		return 0, unsupported(b.contentType)
	}
	head, err := b.head()
	if err != nil {
		return 0, err
	}
	switch first := firstByte(head); {
	case first == '[':
		return shapeArray, nil
	case b.contentType == jsonType:
		return shapeObject, nil
	case first == '{':
		return objectOrLines(head), nil
	case first == 0 && b.contentType == formType:
		return shapeLines, nil // a log without events, piped through curl
	case first == '#' || beginsWithAddress(head):
		return shapeText, nil
	}
	return shapeForm, nil
}

// objectOrLines tells one object, perhaps written over several lines, from
// many with one on each line.
func objectOrLines(head []byte) shape {
	first, rest, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	next := firstByte(rest)
	if next == '{' || next != 0 && json.Valid(first) {
		return shapeLines
	}
	return shapeObject
}

// beginsWithAddress tells whether the first line is an address or a network and
// nothing else: no form begins so, but a list that curl sends as one.
func beginsWithAddress(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	if len(line) > maxAddressLine || bytes.IndexByte(line, '=') >= 0 {
		return false
	}
	text := string(bytes.TrimSpace(line))
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(text)
	return err == nil
}

// maxAddressLine is longer than any line that is an address or a network.
const maxAddressLine = 64
