package blocklistde

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"penaltybox/reportapi/compat"
)

// format is a way to write an answer; no fault is success.
type format struct {
	contentType string
	write       func(*compat.Fault) []byte
}

// formatNamed returns the format of a name, text unless it is known.
func formatNamed(name string) format {
	switch strings.ToLower(name) {
	case "json":
		return format{"application/json", writeJSON}
	case "php":
		return format{"text/plain; charset=utf-8", writePHP}
	case "xml":
		return format{"text/xml; charset=utf-8", writeXML}
	}
	return format{"text/plain; charset=utf-8", writeText}
}

// line is a name and a value of an answer.
type line struct{ name, value string }

// linesOf returns what an answer tells: the status, how many errors there are,
// and for an error the field, "request" if it is none, with what is wrong.
func linesOf(fault *compat.Fault) []line {
	if fault == nil {
		return []line{{"status", "success"}, {"error", "0"}}
	}
	field := fault.Parameter
	if !isField(field) {
		field = "request"
	}
	return []line{{"status", "error"}, {"error", "1"}, {field, fault.Detail}}
}

// isField tells whether a parameter is one of blocklist.de's: others could break
// the format.
func isField(name string) bool {
	switch name {
	case "server", "apikey", "service", "ip", "logs", "format":
		return true
	}
	return false
}

func writeText(fault *compat.Fault) []byte {
	var b strings.Builder
	for _, l := range linesOf(fault) {
		fmt.Fprintf(&b, "%s=%s\n", l.name, strings.ReplaceAll(l.value, "\n", " "))
	}
	return []byte(b.String())
}

func writeJSON(fault *compat.Fault) []byte {
	answer := map[string]any{}
	for _, l := range linesOf(fault) {
		answer[l.name] = l.value
	}
	answer["error"], _ = strconv.Atoi(fmt.Sprint(answer["error"]))
	encoded, err := json.Marshal(answer)
	if err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // texts always encode
	}
	return append(encoded, '\n')
}

// writePHP writes what PHP's unserialize reads. Lengths are in bytes.
func writePHP(fault *compat.Fault) []byte {
	lines := linesOf(fault)
	var b strings.Builder
	fmt.Fprintf(&b, "a:%d:{", len(lines))
	for _, l := range lines {
		fmt.Fprintf(&b, `s:%d:"%s";s:%d:"%s";`, len(l.name), l.name, len(l.value), l.value)
	}
	b.WriteByte('}')
	return []byte(b.String())
}

func writeXML(fault *compat.Fault) []byte {
	var b strings.Builder
	b.WriteString(xml.Header + "<result>")
	for _, l := range linesOf(fault) {
		fmt.Fprintf(&b, "<%s>", l.name)
		_ = xml.EscapeText(&b, []byte(l.value)) // a builder never fails
		fmt.Fprintf(&b, "</%s>", l.name)
	}
	b.WriteString("</result>\n")
	return []byte(b.String())
}
