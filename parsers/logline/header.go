package logline

import (
	"bytes"
	"time"
)

// Header is the proven front of a line and the message behind it. The byte
// slices point into the line.
type Header struct {
	Time    time.Time
	Host    []byte
	Program []byte // such as sshd
	PID     []byte // digits; empty if the line does not tell
	Message []byte
}

// Header reads one of
//
//	[<PRI>]TIME [HOST ][FACILITY.SEVERITY ]PROGRAM[[PID]]: MESSAGE
//	[<PRI>]TIME [HOST ]PROGRAM[PID] <SEVERITY>: MESSAGE
//	[<PRI>]TIME [PROGRAM] MESSAGE
//	<PRI>1 TIME HOST PROGRAM PID MSGID STRUCTURED-DATA MESSAGE
//
// and reports false for any line that does not begin so. HOST is left out by
// `journalctl --no-hostname`; FACILITY.SEVERITY is what syslogd of busybox
// (auth.err), OpenWrt (in place of HOST), AIX (auth|security:info) and FreeBSD
// (<auth.info>, <4.6>, in front of HOST) add. The second form is macOS', the
// third metalog's, the last RFC 5424 §6. TIME is one of
//
//	Jan _2 [2006 ]15:04:05[.000000]        RFC 3164, journalctl -o short[-precise]
//	2006 Jan _2 15:04:05
//	2006-01-02T15:04:05[.000000][+01:00]   RFC 3339, journalctl -o short-iso
//	2006-01-02 15:04:05[.000000][ +0100]   with slashes, too
//	Sun 2006-01-02 15:04:05 CET            journalctl -o short-full, with-unit
//	Sun Jan _2 15:04:05 2006
//	1136214245[.000000]                    journalctl -o short-unix
//	@4000000043b940f50a1b2c3d              TAI64N, as multilog and svlogd write
//
// Another time may stand behind it, as where the output of a container is
// kept ("TIME stdout F TIME …", docker logs -t), and where socklog keeps what
// programs wrote ("TIME auth.info: TIME …"): the first time counts.
func (c Clock) Header(line []byte) (Header, bool) {
	s, rest, rfc5424, ok := readStamp(line)
	if !ok {
		return Header{}, false
	}
	var h Header
	if rfc5424 {
		h, ok = readRFC5424(rest)
	} else {
		h, ok = readRFC3164(rest)
	}
	if !ok {
		return Header{}, false
	}
	h.Message = withoutMark(h.Message)
	h.Time, ok = c.at(s)
	return h, ok
}

// readRFC3164 reads what stands behind the time.
func readRFC3164(text []byte) (h Header, ok bool) {
	w := words{text}
	word := w.next()
	if name, ok := inBrackets(word); ok { // metalog
		return Header{Program: name, Message: bytes.TrimLeft(w.rest, " \t")}, true
	}
	if isMarked(word) { // FreeBSD
		word = w.next()
	}
	switch {
	case isPriority(word): // OpenWrt
		word = w.next()
	case !isTag(word) && !isTagOf(word, w.rest):
		h.Host = word
		if word = w.next(); !isTag(word) && isPriority(word) {
			word = w.next()
		}
	case len(w.rest) == 0:
		return Header{}, false
	}
	if bytes.ContainsAny(h.Host, "[]") {
		return Header{}, false
	}
	if isTagOf(word, w.rest) { // macOS
		h.Program, h.PID, ok = cutTag(append(bytes.Clone(word), ':'))
		w.next()
	} else {
		h.Program, h.PID, ok = cutTag(word)
	}
	h.Message = bytes.TrimLeft(w.rest, " \t")
	return h, ok
}

// isMarked tells whether a word is "<auth.info>" or "<4.6>".
func isMarked(word []byte) bool {
	if len(word) < 3 || word[0] != '<' || word[len(word)-1] != '>' {
		return false
	}
	for _, b := range word[1 : len(word)-1] {
		if !isDigit(b) && b != '.' && (b < 'a' || 'z' < b) {
			return false
		}
	}
	return true
}

// inBrackets returns the name in "[name]" or "[name]:", which is more than digits and other
// than a tag's pid.
func inBrackets(word []byte) (name []byte, ok bool) {
	word = bytes.TrimSuffix(word, []byte{':'})
	if len(word) < 3 || word[0] != '[' || word[len(word)-1] != ']' {
		return nil, false
	}
	name = word[1 : len(word)-1]
	return name, !allDigits(name) && !bytes.ContainsAny(name, "[]:.")
}

// isTagOf tells whether a word is "sshd[123]" and "<Notice>: " follows.
func isTagOf(word, rest []byte) bool {
	if len(word) < 4 || word[len(word)-1] != ']' || len(rest) == 0 || rest[0] != '<' {
		return false
	}
	level, _, ok := bytes.Cut(rest[1:], []byte(">: "))
	return ok && len(level) > 0 && len(level) < 10 && !bytes.ContainsAny(level, " <")
}

// readRFC5424 reads what stands behind the time: RFC 5424 §6.2.4 to §6.4.
func readRFC5424(text []byte) (h Header, ok bool) {
	w := words{text}
	h.Host, h.Program, h.PID = w.next(), w.next(), w.next()
	w.next() // MSGID
	if len(h.Program) == 0 || bytes.ContainsAny(h.Host, "[]") {
		return Header{}, false
	}
	if !allDigits(h.PID) {
		h.PID = nil
	}
	h.Message, ok = afterStructuredData(w.rest)
	h.Message = bytes.TrimLeft(h.Message, " \t") // rsyslog keeps the blank behind a tag
	return h, ok
}

// afterStructuredData skips "-" or elements such as [id name="value"]; in a
// value a backslash escapes quotes and brackets (RFC 5424 §6.3.3).
func afterStructuredData(text []byte) ([]byte, bool) {
	if rest, ok := bytes.CutPrefix(text, []byte("- ")); ok {
		return rest, true
	}
	quoted, depth := false, 0
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\' && quoted:
			i++
		case b == '"' && depth > 0:
			quoted = !quoted
		case quoted:
		case b == '[' && depth == 0:
			depth = 1
		case b == ']' && depth == 1:
			depth = 0
		case b == ' ' && depth == 0:
			return text[i+1:], i > 0
		case depth == 0:
			return nil, false
		}
	}
	return nil, false
}

// withoutMark cuts off what some loggers put between the tag and the message:
// Solaris "[ID 800047 auth.info] ", RFC 5424 §6.4 a byte order mark.
func withoutMark(message []byte) []byte {
	message = bytes.TrimPrefix(message, []byte("\ufeff"))
	rest, ok := bytes.CutPrefix(message, []byte("[ID "))
	if !ok {
		return message
	}
	w := words{rest}
	id, priority := w.next(), w.next()
	if !allDigits(id) || len(priority) == 0 || !isPriority(priority[:len(priority)-1]) || priority[len(priority)-1] != ']' {
		return message
	}
	return w.rest
}

// isTag tells whether a word ends as a tag does.
func isTag(word []byte) bool { return len(word) > 1 && word[len(word)-1] == ':' }

// cutTag cuts "sshd[123]:" or "sshd:" into program and pid.
func cutTag(tag []byte) (program, pid []byte, ok bool) {
	if !isTag(tag) {
		return nil, nil, false
	}
	tag = tag[:len(tag)-1]
	program, bracketed, ok := bytes.Cut(tag, []byte{'['})
	if bytes.IndexByte(program, ']') >= 0 {
		return nil, nil, false
	}
	if !ok {
		return program, nil, bytes.IndexByte(program, ':') < 0
	}
	pid, ok = bytes.CutSuffix(bracketed, []byte{']'})
	return program, pid, ok && len(program) > 0 && allDigits(pid)
}

// isPriority tells whether word is "facility.severity", in the names that
// syslog.conf has for those of RFC 3164 §4.1.1. AIX writes a colon, and all
// names of a facility.
func isPriority(word []byte) bool {
	at := bytes.IndexAny(word, ".:")
	if at < 0 {
		return false
	}
	facility, _, _ := bytes.Cut(word[:at], []byte{'|'})
	return isFacility(facility) && isSeverity(word[at+1:])
}

// isFacility knows the facilities that a service may log to.
func isFacility(word []byte) bool {
	switch string(word) {
	case "auth", "authpriv", "daemon", "ftp", "mail", "news", "security", "syslog", "user",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7":
		return true
	}
	return false
}

func isSeverity(word []byte) bool {
	switch string(word) {
	case "emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug":
		return true
	}
	return false
}
