package logline

import (
	"bytes"
	"time"
)

// Stamped tells quickly whether a line begins as one with a time does. A line
// that is not stamped has no header; one that is may still lack it.
func Stamped(line []byte) bool {
	switch {
	case len(line) < len("Jan  2 15:04:05 "):
		return false
	case line[3] == ' ':
		return line[6] == ' ' && line[9] == ':' && line[12] == ':'
	case line[4] == '-':
		return line[7] == '-' && line[10] == 'T' && line[13] == ':'
	default:
		return line[10] == '.' && isDigit(line[0]) && isDigit(line[9])
	}
}

// stamp reads the time at the beginning of a line and returns what follows
// the blank behind it.
func (c Clock) stamp(line []byte) (at time.Time, rest []byte, ok bool) {
	if !Stamped(line) {
		return time.Time{}, nil, false
	}
	stamp, rest, ok := split(line)
	switch {
	case line[3] == ' ':
		// Jan _2 15:04:05[.000000]
		stamp, rest, ok = line[:15], line[15:], true
		rest, ok = afterFraction(rest)
		if !ok || len(rest) < 1 || rest[0] != ' ' {
			return time.Time{}, nil, false
		}
		at, ok = c.yearless(stamp)
		return at, rest[1:], ok
	case !ok:
		return time.Time{}, nil, false
	case line[4] == '-':
		at, ok = c.rfc3339(stamp)
	default:
		at, ok = epoch(stamp)
	}
	return at, rest, ok
}

// yearless reads "Jan _2 15:04:05" (RFC 3164 §4.1.2).
func (c Clock) yearless(stamp []byte) (time.Time, bool) {
	var f fields
	day := bytes.TrimPrefix(stamp[4:6], []byte{' '})
	d := date{
		month: f.month(stamp[:3]), day: f.number(day),
		hour: f.number(stamp[7:9]), minute: f.number(stamp[10:12]), second: f.number(stamp[13:15]),
	}
	if f.bad {
		return time.Time{}, false
	}
	return c.instant(d)
}

// rfc3339 reads "2006-01-02T15:04:05" with an optional fraction and an
// optional offset, which may lack its colon as in `journalctl -o short-iso`.
func (c Clock) rfc3339(stamp []byte) (time.Time, bool) {
	if len(stamp) < 19 || stamp[16] != ':' {
		return time.Time{}, false
	}
	rest, ok := afterFraction(stamp[19:])
	if !ok {
		return time.Time{}, false
	}
	var f fields
	d := date{
		year: f.year(stamp[:4]), month: time.Month(f.number(stamp[5:7])), day: f.number(stamp[8:10]),
		hour: f.number(stamp[11:13]), minute: f.number(stamp[14:16]), second: f.number(stamp[17:19]),
		zone: f.offset(rest),
	}
	if f.bad {
		return time.Time{}, false
	}
	return c.instant(d)
}

// epoch reads seconds since 1970 with a fraction, as in
// `journalctl -o short-unix`.
func epoch(stamp []byte) (time.Time, bool) {
	seconds, fraction, _ := bytes.Cut(stamp, []byte{'.'})
	if len(fraction) == 0 || len(fraction) > 9 || !allDigits(fraction) || len(seconds) > 10 {
		return time.Time{}, false
	}
	n, ok := number(seconds)
	return time.Unix(int64(n), 0), ok
}

// CLF reads the time of the common log format, "02/Jan/2006:15:04:05 -0700".
func (c Clock) CLF(stamp []byte) (time.Time, bool) {
	if len(stamp) != len("02/Jan/2006:15:04:05 -0700") ||
		stamp[2] != '/' || stamp[6] != '/' || stamp[11] != ':' || stamp[14] != ':' || stamp[17] != ':' || stamp[20] != ' ' {
		return time.Time{}, false
	}
	var f fields
	d := date{
		day: f.number(stamp[:2]), month: f.month(stamp[3:6]), year: f.year(stamp[7:11]),
		hour: f.number(stamp[12:14]), minute: f.number(stamp[15:17]), second: f.number(stamp[18:20]),
		zone: f.offset(stamp[21:]),
	}
	if f.bad {
		return time.Time{}, false
	}
	return c.instant(d)
}

// afterFraction skips ".123456" or ",123456" at the front.
func afterFraction(text []byte) ([]byte, bool) {
	if len(text) == 0 || (text[0] != '.' && text[0] != ',') {
		return text, true
	}
	end := 1
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return text[end:], end > 1
}
