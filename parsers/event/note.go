package event

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNote is the longest note of an event, in bytes.
const MaxNote = 200

// Note makes text that a client chose fit to show: at most [MaxNote] bytes of
// valid UTF-8, without control characters, line breaks and the invisible
// marks that turn the direction of writing; each of these becomes "?".
func Note(text []byte) string {
	var note strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if (r == utf8.RuneError && size == 1) || (r != ' ' && !unicode.IsGraphic(r)) {
			r = '?'
		}
		if note.Len()+utf8.RuneLen(r) > MaxNote {
			break
		}
		note.WriteRune(r)
		text = text[size:]
	}
	return note.String()
}
