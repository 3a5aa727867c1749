package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Entry is one entry of the journal, as journalctl -o json writes it.
type Entry struct {
	Cursor     string
	Time       time.Time // when journald took it, in UTC
	Host       string
	Program    string // what it calls itself, or is called
	PID        string
	Message    []byte // may hold anything
	Unit       string // trusted
	Command    string // trusted: the name of the process
	Transport  string // trusted: syslog, stdout, journal, …
	UserUnit   bool   // trusted: a unit that a user runs
	hasMessage bool
}

// value is a field: text, an array of bytes when it is not UTF-8, null when it
// is too long to show, or an array of these when it is given several times.
type value []byte

// UnmarshalJSON implements json.Unmarshaler.
func (v *value) UnmarshalJSON(text []byte) error {
	var plain string
	if err := json.Unmarshal(text, &plain); err == nil {
		if string(text) != "null" {
			*v = []byte(plain)
		}
		return nil
	}
	var numbers []uint8
	var raw []int
	if err := json.Unmarshal(text, &raw); err != nil {
		*v = nil // several values: whose they are is not known
		return nil
	}
	for _, n := range raw {
		if n < 0 || n > 255 {
			return fmt.Errorf("%d is no byte", n)
		}
		numbers = append(numbers, uint8(n))
	}
	*v = numbers
	return nil
}

// ParseEntry reads a line of journalctl -o json.
func ParseEntry(line []byte) (Entry, error) {
	var fields struct {
		Cursor     string `json:"__CURSOR"`
		Realtime   string `json:"__REALTIME_TIMESTAMP"`
		Hostname   value  `json:"_HOSTNAME"`
		Identifier value  `json:"SYSLOG_IDENTIFIER"`
		PID        value  `json:"_PID"`
		Message    value  `json:"MESSAGE"`
		Unit       value  `json:"_SYSTEMD_UNIT"`
		UserUnit   value  `json:"_SYSTEMD_USER_UNIT"`
		Command    value  `json:"_COMM"`
		Transport  value  `json:"_TRANSPORT"`
	}
	if err := json.Unmarshal(line, &fields); err != nil {
		return Entry{}, fmt.Errorf("reading an entry of the journal: %w", err)
	}
	micro, err := strconv.ParseInt(fields.Realtime, 10, 64)
	if err != nil || fields.Cursor == "" {
		return Entry{}, fmt.Errorf("reading an entry of the journal: no time or no cursor in %.100q", line)
	}
	e := Entry{
		Cursor: fields.Cursor, Time: time.UnixMicro(micro).UTC(), Host: string(fields.Hostname),
		Program: string(fields.Identifier), PID: string(fields.PID), Message: fields.Message,
		Unit: string(fields.Unit), UserUnit: fields.UserUnit != nil, Command: string(fields.Command), Transport: string(fields.Transport),
		hasMessage: fields.Message != nil,
	}
	if e.Program == "" {
		e.Program = e.Command
	}
	return e, nil
}

// Line appends the entry as a line of syslog with a time as in RFC 3339, or
// only the message for services whose logs have no such front (bare). False
// means that it cannot be one: no message, or words in the front that would
// change its meaning.
//
// A line break within the message becomes \n, as syslog daemons write it.
func (e Entry) Line(line []byte, bare bool) ([]byte, bool) {
	if !e.hasMessage {
		return line, false
	}
	if !bare {
		if !isWord(e.Host) || !isWord(e.Program) || e.PID == "" {
			return line, false
		}
		line = e.Time.AppendFormat(line, "2006-01-02T15:04:05.000000Z07:00")
		line = fmt.Appendf(line, " %s %s[%s]: ", e.Host, e.Program, e.PID)
	}
	return append(line, bytes.ReplaceAll(e.Message, []byte{'\n'}, []byte(`\n`))...), true
}

// isWord tells whether a name fits between the blanks of a line's front.
func isWord(name string) bool {
	for _, b := range []byte(name) {
		if b <= ' ' || b >= 0x7f || b == '[' || b == ']' {
			return false
		}
	}
	return name != ""
}
