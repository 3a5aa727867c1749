package reportapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/intake"
)

// object is a JSON object or a form, in the order it was sent. Every request
// body is one, or many of them; values are text for those who weigh them.
type object []member

type member struct {
	name   string
	value  string
	sort   sort
	nested object // when sort is nestedObject
}

// sort is what a value was written as.
type sort uint8

const (
	formText sort = iota // a form's: text, number or word
	jsonText
	jsonNumber
	jsonBool
	jsonNull
	nestedObject
	jsonList // of texts, with commas between
)

func (s sort) String() string {
	return [...]string{"a text", "a text", "a number", "true or false", "null", "an object", "a list"}[s]
}

// text returns a value that must be text. null is as if it were not there.
func (m member) text() (string, error) {
	switch m.sort {
	case formText, jsonText, jsonNull:
		return m.value, nil
	}
	return "", m.wants("a text")
}

// choice returns a value that is to be one of some names: "" is none of them, and
// no way to leave it out.
func (m member) choice() (string, error) {
	text, err := m.text()
	if err == nil && text == "" && m.sort != jsonNull {
		err = wrong(m.name, "", "is empty", "leave it out, or name one")
	}
	return text, err
}

// scalar returns a value that may be text or a number.
func (m member) scalar() (string, error) {
	if m.sort == jsonNumber {
		return m.value, nil
	}
	return m.text()
}

// moment returns a value that is a time, as text or as a number.
func (m member) moment() (string, error) {
	if m.sort == formText {
		return compat.FormTime(m.value), nil
	}
	return m.scalar()
}

// list returns a value that is a list of texts, or a text with commas between.
func (m member) list() ([]string, error) {
	if m.sort != jsonList {
		if _, err := m.text(); err != nil {
			return nil, err
		}
	}
	if m.value == "" {
		return nil, nil
	}
	var texts []string
	for text := range strings.SplitSeq(m.value, ",") {
		texts = append(texts, strings.TrimSpace(text))
	}
	return texts, nil
}

// boolean returns a value that must be true or false, nil for null.
func (m member) boolean() (*bool, error) {
	var value bool
	switch {
	case m.sort == jsonNull:
		return nil, nil
	case m.sort == jsonBool, m.sort == formText && (m.value == "true" || m.value == "false"):
		value = m.value == "true"
	case m.sort == formText && (m.value == "1" || m.value == "0"):
		value = m.value == "1"
	default:
		return nil, m.wants("true or false")
	}
	return &value, nil
}

func (m member) wants(what string) error {
	return wrong(m.name, m.value, fmt.Sprintf("is %s; want %s", m.sort, what), "")
}

// unknown refuses a member by name.
func (m member) unknown(known ...string) error {
	return wrong(m.name, "", "is no field here", "fields are "+strings.Join(known, ", "))
}

// decodeForm reads application/x-www-form-urlencoded.
func decodeForm(text string) (object, error) {
	var o object
	for pair := range strings.SplitSeq(strings.TrimSpace(text), "&") {
		if pair == "" {
			continue
		}
		name, sent, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(sent)
		if errName == nil && errValue != nil && intake.Placeholder(sent) { // %(ip)s is no escape
			return nil, wrong(cut(name), cut(sent), "is what the client should have put a value in the place of", "mend its configuration")
		}
		if err := errors.Join(errName, errValue); err != nil {
			return nil, wrong(cut(name), "", "is not encoded as a form: "+err.Error(), "let curl do it: --data-urlencode")
		}
		if o.has(name) {
			return nil, twice(name)
		}
		o = append(o, member{name: name, value: value})
	}
	return o, nil
}

// decodeObject reads a text that must be one JSON object (RFC 8259).
func decodeObject(text []byte) (object, error) {
	if o, plain := plainObject(text); plain {
		return o, nil
	}
	return decodeAnyObject(text)
}

// decodeAnyObject is decodeObject for what is not plain, or not right.
func decodeAnyObject(text []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if first := firstByte(text); first != '{' {
		return nil, wrong("", "", "the body is no JSON object", `send such as {"ip":"203.0.113.7","kind":"ssh.maxauth"}`)
	}
	o, err := nextObject(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong("", "", fmt.Sprintf("something follows the JSON object at byte %d", decoder.InputOffset()), "send many as a JSON array, or one a line as application/x-ndjson")
	}
	return o, nil
}

// maxDepth is how deep objects may lie in one another.
const maxDepth = 1

// nextObject reads the next value of a decoder as an object.
func nextObject(decoder *json.Decoder, depth int) (object, error) {
	if token, err := decoder.Token(); err != nil {
		return nil, brokenJSON(decoder, err)
	} else if token != json.Delim('{') {
		return nil, wrong("", "", "is no JSON object", `want such as {"ip":"203.0.113.7","kind":"ssh.maxauth"}`)
	}
	return restOfObject(decoder, depth)
}

func restOfObject(decoder *json.Decoder, depth int) (object, error) {
	var o object
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, brokenJSON(decoder, err)
		}
		m := member{name: token.(string)} // the decoder takes nothing else here
		if o.has(m.name) {
			return nil, twice(m.name)
		}
		if token, err = decoder.Token(); err != nil {
			return nil, brokenJSON(decoder, err)
		}
		if err := m.take(decoder, token, depth); err != nil {
			return nil, err
		}
		o = append(o, m)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, brokenJSON(decoder, err)
	}
	return o, nil
}

func (m *member) take(decoder *json.Decoder, token json.Token, depth int) (err error) {
	switch value := token.(type) {
	case string:
		m.value, m.sort = value, jsonText
	case json.Number:
		m.value, m.sort = value.String(), jsonNumber
	case bool:
		m.value, m.sort = fmt.Sprint(value), jsonBool
	case nil:
		m.sort = jsonNull
	case json.Delim:
		if value == '[' && depth < maxDepth {
			return m.takeList(decoder)
		}
		if value == '[' || depth == maxDepth {
			return wrong(m.name, "", "is a list or lies too deep; want a plain value", "")
		}
		m.sort = nestedObject
		m.nested, err = restOfObject(decoder, depth+1)
	}
	return err
}

// takeList takes a list of texts, to its end.
func (m *member) takeList(decoder *json.Decoder) error {
	var texts []string
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return brokenJSON(decoder, err)
		}
		text, isText := token.(string)
		if !isText || text == "" || strings.Contains(text, ",") {
			return wrong(m.name, "", "is a list of other things than plain texts", "")
		}
		texts = append(texts, text)
	}
	if _, err := decoder.Token(); err != nil {
		return brokenJSON(decoder, err)
	}
	m.value, m.sort = strings.Join(texts, ","), jsonList
	return nil
}

func (o object) has(name string) bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.name == name })
}

func twice(name string) error {
	return wrong(cut(name), "", "is given twice", "give it once")
}

// brokenJSON says where JSON stops being JSON. A fault of the connection stays
// what it is.
func brokenJSON(decoder *json.Decoder, err error) error {
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case isSyntax:
		return &intake.Refusal{Problem: fmt.Sprintf("broken JSON at byte %d: %s", syntax.Offset, syntax.Error()), Hint: "let a program write it, such as jq"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &intake.Refusal{Problem: fmt.Sprintf("broken JSON: it ends at byte %d, in the middle", decoder.InputOffset()), Hint: "was it cut?"}
	}
	return err
}
