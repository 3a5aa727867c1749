package logline

import "time"

// fields reads the parts of a time and remembers whether one of them was bad.
type fields struct{ bad bool }

// number reads decimal digits, at least one and nothing else.
func (f *fields) number(text []byte) int {
	n, ok := number(text)
	f.bad = f.bad || !ok
	return n
}

// year reads a year, in which there were logs.
func (f *fields) year(text []byte) int {
	n := f.number(text)
	f.bad = f.bad || n < 1970
	return n
}

// month reads "Jan" to "Dec".
func (f *fields) month(name []byte) time.Month {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(names); i += 3 {
		if string(name) == names[i:i+3] {
			return time.Month(i/3 + 1)
		}
	}
	f.bad = true
	return 0
}

// day reads "2006-01-02" or "2006/01/02".
func (f *fields) day(d *date, text []byte) {
	f.bad = f.bad || len(text) != 10 || text[7] != text[4]
	if f.bad {
		return
	}
	d.year, d.month, d.day = f.year(text[:4]), time.Month(f.number(text[5:7])), f.number(text[8:10])
}

// clock reads "15:04:05" with an optional fraction, which is dropped, and an
// optional offset.
func (f *fields) clock(d *date, text []byte) {
	f.bad = f.bad || len(text) < 8 || text[2] != ':' || text[5] != ':'
	if f.bad {
		return
	}
	d.hour, d.minute, d.second = f.number(text[:2]), f.number(text[3:5]), f.number(text[6:8])
	rest, ok := afterFraction(text[8:])
	f.bad = f.bad || !ok
	d.zone = f.offset(rest)
}

// offset reads "Z", "+01:00", "+0100", "+01" or nothing, which is a nil zone.
func (f *fields) offset(text []byte) *time.Location {
	switch {
	case len(text) == 0:
		return nil
	case string(text) == "Z", string(text) == "z":
		return time.UTC
	case len(text) == 3, len(text) == 5, len(text) == 6 && text[3] == ':':
	default:
		f.bad = true
		return nil
	}
	hours, minutes := f.number(text[1:3]), 0
	if len(text) > 3 {
		minutes = f.number(text[len(text)-2:])
	}
	f.bad = f.bad || hours > 23 || minutes > 59 || (text[0] != '+' && text[0] != '-')
	seconds := (hours*60 + minutes) * 60
	if text[0] == '-' {
		seconds = -seconds
	}
	if f.bad || seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// zoneName reads UTC, GMT, an offset, or the name of a zone such as CET. Such
// names mean different zones in different countries, so they count as not
// told: the log's zone is.
func (f *fields) zoneName(text []byte) *time.Location {
	switch {
	case string(text) == "UTC", string(text) == "GMT":
		return time.UTC
	case len(text) > 0 && 'A' <= text[0] && text[0] <= 'Z':
		return nil
	}
	f.bad = f.bad || len(text) == 0
	return f.offset(text)
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

// number reads decimal digits, at least one and nothing else. Callers bound
// the length.
func number(text []byte) (n int, ok bool) {
	for _, b := range text {
		if !isDigit(b) {
			return 0, false
		}
		n = n*10 + int(b-'0')
	}
	return n, len(text) > 0
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func allDigits(text []byte) bool {
	_, ok := number(text)
	return ok
}
