package sshd

import (
	"bytes"

	"penaltybox/parsers/logline"
)

// longestOutput is the most that one message of sshd takes in a file that
// sshd writes itself (log.c, MSGBUFSIZ).
const longestOutput = 1024

// doubt guards against line breaks that a client smuggles into a file which
// sshd writes itself (-E FILE): the smuggled line may look like a perfect
// syslog line. In such a file every message begins with a word of sshd's, not
// with a header, and is at most 1024 bytes long, smuggled lines included. So
// whatever stands within 1024 bytes of the beginning of a line without a
// header may be the client's; what lies farther off cannot be. (To syslog sshd
// writes line breaks as \n.)
//
// The same holds for output that somebody keeps with a time in front.
//
// A line that begins with a month or a weekday, which no message does, casts no
// doubt, whatever form of header it has. The first line of a log that was cut
// in the middle of a line casts no doubt, unless it begins as a message does.
type doubt struct {
	left   int  // bytes that are still doubtful
	behind bool // the first line
}

// next takes the next line, without its break, and tells whether a client may
// have written it.
func (d *doubt) next(line []byte) bool {
	length := len(line) + 1
	first := !d.behind
	d.behind = true
	if isWord(line) && !logline.Stamped(line) && !logline.Dated(line) && !isOthers(line) && (!first || isOpening(line)) {
		d.left = max(longestOutput-length, 0)
		return true
	}
	if isKeptOutput(line) {
		d.left = max(longestOutput-length, 0)
		return true
	}
	doubtful := d.left > 0
	d.left = max(d.left-length, 0)
	return doubtful
}

// isWord tells whether a line begins with a letter, as all messages of sshd
// do; journalctl's remarks ("-- Boot …") and continued lines do not.
func isWord(line []byte) bool {
	return len(line) > 0 && ('a' <= line[0]|0x20 && line[0]|0x20 <= 'z')
}

// isOthers tells whether a line begins as auditd's do ("type=…") or those of
// programs that name themselves ("cron[1]: …"), and as no message of sshd does.
func isOthers(line []byte) bool {
	word, _, _ := bytes.Cut(line, []byte{' '})
	return bytes.ContainsAny(word, "=/[({|<,;")
}

// isOpening tells whether a line may be the beginning of a message, rather than
// the end of a line that was cut.
func isOpening(line []byte) bool {
	for _, word := range []string{"error", "fatal", "debug", "banner", "maximum", "message"} {
		if bytes.HasPrefix(line, []byte(word)) {
			return true
		}
	}
	return 'A' <= line[0] && line[0] <= 'Z'
}
