package compat

import "strings"

// FormTime returns a time out of a form or a query as its client meant it: where
// the "+" of an offset from UTC was not encoded, a space arrives in its place
// (2026-11-22T10:00:00 01:00). Other texts stay as they are.
func FormTime(text string) string {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 || !strings.ContainsRune(text[:at], ':') { // a date and a time of the day
		return text
	}
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '0'
		}
		return r
	}, text[at+1:])
	if digits != "00:00" && digits != "0000" {
		return text
	}
	return text[:at] + "+" + text[at+1:]
}
