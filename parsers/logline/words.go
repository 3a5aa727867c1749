package logline

// words cuts text at blanks and tabs, several of which count as one.
type words struct{ rest []byte }

// next cuts the next word and the blanks around it off; it is empty at the
// end, and where no blank follows.
func (w *words) next() []byte {
	text := w.rest
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	for i, b := range text {
		if isBlank(b) {
			w.rest = text[i+1:]
			return text[:i]
		}
	}
	w.rest = nil
	return nil
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

// bounded returns text, or nothing if it is longer than most.
func bounded(text []byte, most int) []byte {
	if len(text) > most {
		return nil
	}
	return text
}

// isWeekday tells whether word is "Mon" to "Sun".
func isWeekday(word []byte) bool {
	switch string(word) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}
