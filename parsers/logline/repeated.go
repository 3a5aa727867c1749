package logline

import "bytes"

// MostRepeats bounds what one "message repeated" line may stand for.
const MostRepeats = 1000

// UnwrapRepeated turns rsyslog's "message repeated N times: [ MESSAGE]" into
// MESSAGE and N, and any other message into itself and 1. It reports false for
// a message that begins so and goes on otherwise.
func UnwrapRepeated(message []byte) (inner []byte, count int, ok bool) {
	rest, wrapped := bytes.CutPrefix(message, []byte("message repeated "))
	if !wrapped {
		return message, 1, true
	}
	times, inner, ok := bytes.Cut(rest, []byte(" times: [ "))
	if !ok || len(times) > 9 {
		return nil, 0, false
	}
	count, ok = number(times)
	if !ok || count == 0 {
		return nil, 0, false
	}
	inner, ok = bytes.CutSuffix(inner, []byte{']'})
	return inner, min(count, MostRepeats), ok
}
