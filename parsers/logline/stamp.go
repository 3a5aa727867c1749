package logline

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Stamped tells quickly whether a line begins as one with a time does. A line
// that is not stamped has no header; one that is may still lack it.
func Stamped(line []byte) bool {
	switch {
	case len(line) < len("Jan 2 15:04:05 "):
		return false
	case line[3] == ' ' && line[6] == ' ' && line[9] == ':' && line[12] == ':':
		return true
	case line[4] == '-' && line[7] == '-' && line[10] == 'T' && line[13] == ':':
		return true
	}
	_, _, _, ok := readStamp(line)
	return ok
}

// stamp is the time in front of a line as it is written: a date, or seconds
// since 1970.
type stamp struct {
	date
	epoch time.Time
}

// at returns when the stamp was.
func (c Clock) at(s stamp) (time.Time, bool) {
	if !s.epoch.IsZero() {
		return s.epoch, true
	}
	return c.instant(s.date)
}

// readStamp reads the time in front of a line and returns what follows the
// blank behind it. rfc5424 says that the line begins as in RFC 5424 §6, with
// priority and version.
//
// Of two times the first counts: see [Clock.Header].
func readStamp(line []byte) (s stamp, rest []byte, rfc5424, ok bool) {
	line, rfc5424, ok = cutPriority(line)
	if !ok {
		return stamp{}, nil, false, false
	}
	s, rest, ok = readOneStamp(line)
	if !ok || rfc5424 {
		return s, rest, rfc5424, ok
	}
	rest, ok = withoutKeeper(rest)
	if len(rest) > 0 && mayBeStamp(rest[0]) {
		if _, behind, again := readOneStamp(rest); again {
			rest = behind
		}
	}
	return s, rest, false, ok
}

// Kept returns the line that somebody kept with a time of his own in front,
// which [Clock.Header] reads, too. A program whose output is kept so can write
// any line: it proves nothing by itself. It is false for a line with one time.
func Kept(line []byte) (inner []byte, ok bool) {
	if rest, ok := behindStamp(line); ok && (len(rest) == 0 || !mayBeStamp(rest[0])) {
		if inner, _ := withoutKeeper(rest); len(inner) == len(rest) {
			return nil, false // as nearly all are
		}
	}
	line, rfc5424, ok := cutPriority(line)
	if !ok || rfc5424 {
		return nil, false
	}
	_, rest, ok := readOneStamp(line)
	if !ok {
		return nil, false
	}
	inner, _ = withoutKeeper(rest)
	if len(inner) < len(rest) {
		return inner, true
	}
	if len(inner) == 0 || !mayBeStamp(inner[0]) {
		return nil, false
	}
	_, _, ok = readOneStamp(inner)
	return inner, ok
}

// behindStamp cuts off, quickly, what looks like one of the two most frequent
// times.
func behindStamp(line []byte) (rest []byte, ok bool) {
	switch {
	case len(line) < len("2006-01-02T15:04:05Z"):
		return nil, false
	case line[10] == 'T':
		_, rest, ok = bytes.Cut(line, []byte{' '})
		return rest, ok
	case line[3] == ' ' && line[6] == ' ' && line[15] == ' ':
		return line[len("Jan _2 15:04:05 "):], true
	}
	return nil, false
}

// mayBeStamp tells quickly whether times begin with a byte.
func mayBeStamp(b byte) bool { return isDigit(b) || b == '@' || 'A' <= b && b <= 'W' }

// withoutKeeper cuts off what is put between the time and a line by who keeps
// the output of containers ("stdout F ", the form of Kubernetes' CRI), which
// also may cut lines (P): they prove nothing; and socklog's "auth.info: ".
func withoutKeeper(text []byte) (rest []byte, ok bool) {
	w := words{text}
	switch word := w.next(); {
	case string(word) == "stdout", string(word) == "stderr":
		mark := w.next()
		return w.rest, string(mark) == "F"
	case isTag(word) && isPriority(word[:len(word)-1]):
		return w.rest, true
	}
	return text, true
}

// readOneStamp reads the time in front of a text that is not blank.
func readOneStamp(line []byte) (s stamp, rest []byte, ok bool) {
	var f fields
	w := words{line}
	first := w.next()
	weekday := isWeekday(first)
	if weekday {
		first = w.next()
	}
	switch {
	case len(first) == 3:
		// Jan _2 [2006 ]15:04:05
		s.month, s.day = f.month(first), f.number(bounded(w.next(), 2))
		word := w.next()
		if len(word) == 4 {
			s.year, word = f.year(word), w.next()
		}
		f.clock(&s.date, word)
		if weekday && s.year == 0 { // Sun Jan _2 15:04:05 2006
			s.year = f.year(bounded(w.next(), 4))
		}
	case len(first) == 4:
		// 2006 Jan _2 15:04:05
		s.year, s.month, s.day = f.year(first), f.month(w.next()), f.number(bounded(w.next(), 2))
		f.clock(&s.date, w.next())
	case len(first) >= 10 && (first[4] == '-' || first[4] == '/'):
		f.calendar(&s.date, &w, first, weekday)
	case len(first) == len("@4000000043b940f50a1b2c3d") && first[0] == '@':
		s.epoch, ok = tai64n(first[1:])
		return s, w.rest, ok
	default:
		s.epoch, ok = epoch(first)
		return s, w.rest, ok
	}
	return s, w.rest, !f.bad
}

// calendar reads "2006-01-02T15:04:05" or the same with a blank, behind which
// an offset may stand, or behind a weekday the name of a zone.
func (f *fields) calendar(d *date, w *words, first []byte, weekday bool) {
	f.day(d, first[:10])
	switch {
	case len(first) > 11 && (first[10] == 'T' || first[10] == 't'):
		f.clock(d, first[11:])
		return
	case len(first) > 10:
		f.bad = true
		return
	}
	f.clock(d, w.next())
	zone := (&words{w.rest}).next()
	switch {
	case weekday: // journalctl -o short-full
		d.zone = f.zoneName(w.next())
	case len(zone) == 5 && (zone[0] == '+' || zone[0] == '-'):
		d.zone = f.offset(w.next())
	}
}

// cutPriority cuts "<38>" (RFC 3164 §4.1.1) or "<38>1 " (RFC 5424 §6.2) off
// the front of a line that has it.
func cutPriority(line []byte) (rest []byte, rfc5424, ok bool) {
	line = bytes.TrimPrefix(line, []byte("\ufeff")) // the first of a file
	if len(line) == 0 || isBlank(line[0]) {
		return nil, false, false // a continued line
	}
	if line[0] != '<' {
		return line, false, true
	}
	end := bytes.IndexByte(line[:min(len(line), 5)], '>')
	if end < 2 || !allDigits(line[1:end]) {
		return nil, false, false
	}
	rest, rfc5424 = bytes.CutPrefix(line[end+1:], []byte("1 "))
	return bytes.TrimLeft(rest, " "), rfc5424, true
}

// epoch reads seconds since 1970, with a fraction as in
// `journalctl -o short-unix` or without.
func epoch(word []byte) (time.Time, bool) {
	seconds, fraction, dotted := bytes.Cut(word, []byte{'.'})
	if len(seconds) != 10 || (dotted && (len(fraction) > 9 || !allDigits(fraction))) {
		return time.Time{}, false
	}
	n, ok := number(seconds)
	return time.Unix(int64(n), 0), ok
}

// tai64n reads a TAI64N label: 2^62 and the seconds since 1970 TAI, then
// nanoseconds, in hexadecimal digits. What writes logs so has no table of leap
// seconds: it takes TAI to be ten seconds ahead of UTC, as it was in 1970.
func tai64n(label []byte) (time.Time, bool) {
	var seconds [8]byte
	if _, err := hex.Decode(seconds[:], label[:16]); err != nil {
		return time.Time{}, false
	}
	const epoch, tenSeconds, most = 1 << 62, 10, 1 << 35
	n := binary.BigEndian.Uint64(seconds[:]) - epoch - tenSeconds
	return time.Unix(int64(n), 0), n < most
}

// Dated tells whether a line begins with the name of a month or a weekday, as
// times do in forms that are known here or not.
func Dated(line []byte) bool {
	if len(line) < 4 || line[3] != ' ' {
		return false
	}
	var f fields
	f.month(line[:3])
	return !f.bad || isWeekday(line[:3])
}

// CLF reads the time of the common log format, "02/Jan/2006:15:04:05 -0700".
func (c Clock) CLF(text []byte) (time.Time, bool) {
	if len(text) != len("02/Jan/2006:15:04:05 -0700") ||
		text[2] != '/' || text[6] != '/' || text[11] != ':' || text[20] != ' ' {
		return time.Time{}, false
	}
	var f fields
	d := date{day: f.number(text[:2]), month: f.month(text[3:6]), year: f.year(text[7:11])}
	f.clock(&d, text[12:20])
	d.zone = f.offset(text[21:])
	if f.bad {
		return time.Time{}, false
	}
	return c.instant(d)
}

// Front reads a time at the front of a line in any form that [Clock.Header]
// knows and returns what follows. It is for logs that a daemon writes itself.
func (c Clock) Front(line []byte) (at time.Time, rest []byte, ok bool) {
	s, rest, _, ok := readStamp(line)
	if !ok {
		return time.Time{}, nil, false
	}
	at, ok = c.at(s)
	return at, rest, ok
}

// Unix reads seconds since 1970, with a fraction or without.
func Unix(text []byte) (time.Time, bool) {
	seconds, fraction, dotted := bytes.Cut(text, []byte{'.'})
	if len(seconds) == 0 || len(seconds) > 11 || (dotted && !allDigits(fraction)) {
		return time.Time{}, false
	}
	n, ok := number(seconds)
	return time.Unix(int64(n), 0), ok
}
