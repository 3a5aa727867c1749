package sshd

// longestOutput is the most that one message of sshd takes in a file that
// sshd writes itself (log.c, MSGBUFSIZ).
const longestOutput = 1024

// doubt guards against line breaks that a client smuggles into a file which
// sshd writes itself (-E FILE): the smuggled line may look like a perfect
// syslog line. In such a file every message begins without a header and is at
// most 1024 bytes long, smuggled lines included. So whatever stands within
// 1024 bytes of the beginning of a line without a header may be the client's;
// what lies farther off cannot be. (To syslog sshd writes line breaks as \n.)
type doubt struct {
	left int // bytes that are still doubtful
}

// next takes the length of the next line, its break included, and whether the
// line is stamped as syslog does. It tells whether the line is doubtful.
func (d *doubt) next(length int, stamped bool) bool {
	if !stamped {
		d.left = longestOutput - length
		return true
	}
	doubtful := d.left > 0
	d.left = max(d.left-length, 0)
	return doubtful
}
