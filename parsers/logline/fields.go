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

// year reads a year, which is not 0: that would mean "not told".
func (f *fields) year(text []byte) int {
	n := f.number(text)
	f.bad = f.bad || n == 0
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

// offset reads "Z", "+01:00", "+0100" or nothing, which is a nil zone.
func (f *fields) offset(text []byte) *time.Location {
	switch {
	case len(text) == 0:
		return nil
	case string(text) == "Z":
		return time.UTC
	case len(text) == 5, len(text) == 6 && text[3] == ':':
	default:
		f.bad = true
		return nil
	}
	hours, minutes := f.number(text[1:3]), f.number(text[len(text)-2:])
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
