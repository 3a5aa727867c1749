package stopforumspam

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"

	"penaltybox/reportapi/compat"
)

// members are an object of an answer, in order. Values are texts, whole numbers,
// nil, members, or a list of them.
type members []member

type member struct {
	name  string
	value any
}

type list []members

// format is a way to write an answer.
type format struct {
	contentType string
	write       func(members) []byte
}

// formatOf returns the format that a request asks for, by f= or by a switch of
// the format's name; XML as StopForumSpam first had it is the default. It is
// JSON and false for those that are not known.
func formatOf(sent compat.Params) (format, bool) {
	name := sent.Get("f")
	for _, other := range []string{"json", "xmldom", "xmlcdata", "serial"} {
		if name == "" && sent.Flag(other) {
			name = other
		}
	}
	switch name {
	case "json":
		return format{"application/json", writeJSON}, true
	case "", "xml":
		return format{"text/xml; charset=utf-8", writeXML}, true
	case "xmldom", "xmlcdata":
		return format{"text/xml; charset=utf-8", writeDOM}, true
	case "serial":
		return format{"text/plain; charset=utf-8", writeSerial}, true
	}
	return format{"application/json", writeJSON}, false
}

func writeJSON(answer members) []byte {
	var b strings.Builder
	answer.appendJSON(&b)
	b.WriteByte('\n')
	return []byte(b.String())
}

func (m members) appendJSON(b *strings.Builder) {
	b.WriteByte('{')
	for i, member := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%q:", member.name)
		switch value := member.value.(type) {
		case members:
			value.appendJSON(b)
		case list:
			for i, element := range value {
				b.WriteByte("[,"[min(i, 1)])
				element.appendJSON(b)
			}
			b.WriteByte(']')
		default:
			encoded, err := json.Marshal(value)
			if err != nil {
				panic(fmt.Errorf("encoding an answer: %w", err)) // texts and numbers always encode
			}
			b.Write(encoded)
		}
	}
	b.WriteByte('}')
}

// writeDOM writes each member as an element.
func writeDOM(answer members) []byte {
	var b strings.Builder
	b.WriteString(xml.Header + "<response>")
	answer.appendDOM(&b)
	b.WriteString("</response>\n")
	return []byte(b.String())
}

func (m members) appendDOM(b *strings.Builder) {
	for _, member := range m {
		elements, isList := member.value.(list)
		if !isList {
			element(b, member.name, member.value)
		}
		for _, each := range elements {
			element(b, member.name, each)
		}
	}
}

func element(b *strings.Builder, name string, value any) {
	fmt.Fprintf(b, "<%s>", name)
	if inner, isObject := value.(members); isObject {
		inner.appendDOM(b)
	} else if value != nil {
		_ = xml.EscapeText(b, []byte(fmt.Sprint(value))) // a builder never fails
	}
	fmt.Fprintf(b, "</%s>", name)
}

// writeXML writes what StopForumSpam had first: the fields one after the other,
// each with its type.
func writeXML(answer members) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<response success=\"%t\">", answer[0].value == 1)
	for _, m := range answer[1:] {
		elements, isList := m.value.(list)
		if object, isObject := m.value.(members); isObject {
			elements = list{object}
		} else if !isList {
			element(&b, m.name, m.value)
		}
		for _, told := range elements {
			element(&b, "type", m.name)
			for _, inner := range told {
				switch inner.name {
				case "appears":
					element(&b, inner.name, map[bool]string{true: "yes", false: "no"}[inner.value == 1])
				case "lastseen", "frequency":
					element(&b, inner.name, inner.value)
				}
			}
		}
	}
	b.WriteString("</response>\n")
	return []byte(b.String())
}

// writeSerial writes what PHP's unserialize reads; lengths are in bytes.
func writeSerial(answer members) []byte {
	var b strings.Builder
	answer.appendSerial(&b)
	return []byte(b.String())
}

func (m members) appendSerial(b *strings.Builder) {
	fmt.Fprintf(b, "a:%d:{", len(m))
	for _, member := range m {
		fmt.Fprintf(b, `s:%d:"%s";`, len(member.name), member.name)
		switch value := member.value.(type) {
		case members:
			value.appendSerial(b)
		case list:
			fmt.Fprintf(b, "a:%d:{", len(value))
			for i, element := range value {
				fmt.Fprintf(b, "i:%d;", i)
				element.appendSerial(b)
			}
			b.WriteByte('}')
		case int:
			fmt.Fprintf(b, "i:%d;", value)
		case string:
			fmt.Fprintf(b, `s:%d:"%s";`, len(value), value)
		default:
			b.WriteString("N;")
		}
	}
	b.WriteByte('}')
}
