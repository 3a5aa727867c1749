package reportapi

import (
	"strings"
	"unicode/utf8"
)

// plainObject reads what nearly every report is: one flat JSON object of texts
// without escapes, whole numbers and words. That takes a fifth of what the
// tokens of encoding/json take. It tells no faults: what it does not know as
// right and plain is left to them, who say what is wrong and where.
func plainObject(text []byte) (o object, plain bool) {
	s := plainScanner{string(text)}
	if !s.take("{") {
		return nil, false
	}
	if s.take("}") {
		return nil, s.atEnd()
	}
	o = make(object, 0, 8)
	for {
		m, ok := s.member()
		if !ok || o.has(m.name) {
			return nil, false
		}
		o = append(o, m)
		if !s.take(",") {
			break
		}
	}
	return o, s.take("}") && s.atEnd()
}

// plainScanner walks over a JSON text (RFC 8259).
type plainScanner struct{ rest string }

func (s *plainScanner) skipSpace() { s.rest = strings.TrimLeft(s.rest, " \t\r\n") }

// take passes over a part of the text if it comes next.
func (s *plainScanner) take(part string) (taken bool) {
	s.skipSpace()
	s.rest, taken = strings.CutPrefix(s.rest, part)
	return taken
}

func (s *plainScanner) atEnd() bool {
	s.skipSpace()
	return s.rest == ""
}

func (s *plainScanner) member() (m member, ok bool) {
	if m.name, ok = s.text(); !ok || !s.take(":") {
		return m, false
	}
	if m.value, ok = s.text(); ok {
		m.sort = jsonText
		return m, true
	}
	if m.value, ok = s.whole(); ok {
		m.sort = jsonNumber
		return m, true
	}
	switch {
	case s.take("true"):
		m.value, m.sort = "true", jsonBool
	case s.take("false"):
		m.value, m.sort = "false", jsonBool
	case s.take("null"):
		m.sort = jsonNull
	default:
		return m, false
	}
	return m, true
}

// text reads a text in quotation marks, if it is one without escapes.
func (s *plainScanner) text() (string, bool) {
	s.skipSpace()
	if !strings.HasPrefix(s.rest, `"`) {
		return "", false
	}
	ascii := true
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			text := s.rest[1:i]
			s.rest = s.rest[i+1:]
			return text, ascii || utf8.ValidString(text)
		case c == '\\' || c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

// whole reads a whole number that is not negative, in as many digits as it
// needs. What follows, such as a fraction, is found not to fit by who reads on.
func (s *plainScanner) whole() (string, bool) {
	s.skipSpace()
	i := 0
	for i < len(s.rest) && '0' <= s.rest[i] && s.rest[i] <= '9' {
		i++
	}
	digits := s.rest[:i]
	s.rest = s.rest[i:]
	return digits, digits != "" && (digits[0] != '0' || digits == "0")
}
