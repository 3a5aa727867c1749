package sshd

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// latest is the failed log-in that the line before told of, for loggers that
// write of a repeated line only that it was.
type latest struct {
	known      bool
	host, name []byte
	addr       netip.Addr
	count      int
}

func (l *latest) keep(host []byte, f failure, addr netip.Addr, count int) {
	l.known, l.addr, l.count = true, addr, count
	l.host, l.name = append(l.host[:0], host...), append(l.name[:0], f.name...)
}

// readRepeated counts the failures that
//
//	TIME [HOST ]last message repeated N times                (sysklogd, FreeBSD)
//	TIME  PROGRAM[PID]: last message repeated N times        (rsyslog until 2013)
//	TIME[:] --- last message repeated N times ---            (macOS)
//
// stands for. The message is that of the line before, if HOST is the same.
func (r *Recogniser) readRepeated(line []byte, doubtful bool) (event.Match, event.Outcome) {
	if !r.latest.known {
		return event.Match{}, event.Ignored
	}
	r.latest.known = false
	if !bytes.HasSuffix(line, []byte(" times")) && !bytes.HasSuffix(line, []byte(" time")) && !bytes.HasSuffix(line, []byte(" ---")) {
		return event.Match{}, event.Ignored
	}
	at, rest, ok := r.setting.Clock.Front(line)
	if header, tagged := r.setting.Clock.Header(line); tagged && isProgram(header.Program) {
		rest = header.Message
	}
	if !ok || doubtful {
		return event.Match{}, event.Ignored
	}
	times, ok := repeatedTimes(rest, r.latest.host)
	if !ok {
		return event.Match{}, event.Ignored
	}
	r.latest.known = true // it may be repeated still more often
	match, outcome := r.failures.Add(r.latest.addr, at, r.latest.name, r.latest.count*times)
	match.Host = r.latest.host
	return match, outcome
}

func repeatedTimes(text, host []byte) (int, bool) {
	text = bytes.TrimLeft(text, " ")
	if rest, ok := bytes.CutPrefix(text, []byte("--- ")); ok {
		if text, ok = bytes.CutSuffix(rest, []byte(" ---")); !ok {
			return 0, false
		}
	} else if rest, ok := bytes.CutPrefix(text, host); ok {
		text = bytes.TrimLeft(rest, " ")
	}
	text, ok := bytes.CutPrefix(text, []byte("last message repeated "))
	if !ok {
		return 0, false
	}
	number, unit, _ := bytes.Cut(text, []byte{' '})
	if (string(unit) != "times" && string(unit) != "time") || !isNumber(number) || len(number) > 9 {
		return 0, false
	}
	n, err := strconv.Atoi(string(number))
	return min(n, logline.MostRepeats), err == nil
}

// asked is the last failure that PAM told of through sshd, which may tell of it
// once more: as a failed keyboard-interactive try of the same process.
type asked struct {
	pid string
	at  time.Time
}

// is tells whether a line of the process at that time is the same failure, and
// forgets it.
func (a *asked) is(header logline.Header) bool {
	same := !a.at.IsZero() && a.pid == string(header.PID) && header.Time.Sub(a.at).Abs() <= 2*time.Second
	if same {
		*a = asked{}
	}
	return same
}
