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
	PID     []byte // digits
	Message []byte
}

// Header reads
//
//	TIME [HOST ][FACILITY.SEVERITY ]PROGRAM[PID]: MESSAGE
//
// and reports false for any line that does not begin so. HOST is left out by
// `journalctl --no-hostname`; busybox's syslogd adds facility and severity
// (auth.err). TIME is one of
//
//	Jan _2 15:04:05[.000000]               RFC 3164, journalctl -o short[-precise]
//	2006-01-02T15:04:05[.000000][+01:00]   RFC 3339, journalctl -o short-iso
//	1136214245.000000                      journalctl -o short-unix
func (c Clock) Header(line []byte) (Header, bool) {
	var h Header
	rest, ok := line, false
	if h.Time, rest, ok = c.stamp(rest); !ok {
		return Header{}, false
	}
	word, rest, ok := split(rest)
	if ok && !bytes.HasSuffix(word, []byte("]:")) {
		h.Host = word
		word, rest, ok = split(rest)
	}
	if ok && isPriority(word) {
		word, rest, ok = split(rest)
	}
	if !ok || bytes.ContainsAny(h.Host, "[]") {
		return Header{}, false
	}
	if h.Program, h.PID, ok = cutTag(word); !ok {
		return Header{}, false
	}
	h.Message = rest
	return h, true
}

// split cuts text at its first blank; the part before must not be empty.
func split(text []byte) (word, rest []byte, ok bool) {
	word, rest, ok = bytes.Cut(text, []byte{' '})
	return word, rest, ok && len(word) > 0
}

// cutTag cuts "sshd[123]:" into program and pid.
func cutTag(tag []byte) (program, pid []byte, ok bool) {
	tag, ok = bytes.CutSuffix(tag, []byte("]:"))
	if !ok {
		return nil, nil, false
	}
	program, pid, ok = bytes.Cut(tag, []byte{'['})
	return program, pid, ok && len(program) > 0 && allDigits(pid)
}

// isPriority tells whether word is "facility.severity", in the names that
// syslog.conf has for those of RFC 3164 §4.1.1.
func isPriority(word []byte) bool {
	facility, severity, ok := bytes.Cut(word, []byte{'.'})
	return ok && isFacility(facility) && isSeverity(severity)
}

// isFacility knows the facilities that a service may log to.
func isFacility(word []byte) bool {
	switch string(word) {
	case "auth", "authpriv", "daemon", "ftp", "mail", "news", "syslog", "user",
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
