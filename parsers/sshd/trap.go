package sshd

import (
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

func trapKind() *event.Kind {
	return &event.Kind{
		Name: "other.trap", Tier: event.Hard, Points: 40, PerMinute: 1,
		Summary: "tried a user name that was set as a trap (--trap NAME)",
		Example: "Nov 22 10:00:00 host sshd[4242]: Invalid user a-name-set-as-a-trap from 203.0.113.66 port 41866",
	}
}

// Reasons why a failure is not counted.
const (
	saidBySSHD = "sshd says the same in a line of its own"
	saidByPAM  = "PAM said the same in the line before"
)

// readFailed counts a failed log-in, and looks whether it stepped on a trap.
func (r *Recogniser) readFailed(header logline.Header, message []byte, count int) (event.Match, event.Outcome) {
	f, teller, ok := readAnyFailure(message)
	if !ok {
		return event.Match{}, event.Ignored
	}
	twice := teller == byPAM && r.saysFailed
	if twice && len(r.setting.Traps) == 0 {
		return event.Match{Reason: saidBySSHD}, event.Ignored
	}
	addr, ok := event.Addr(f.address)
	switch {
	case !ok:
		return event.Match{Reason: noAddress}, event.Ignored
	case r.isTrap(f.name):
		return event.Match{Kind: r.trap, Addr: addr, Note: f.name}, event.Recognised
	case !r.setting.Wants(event.Soft):
		return event.Match{}, event.Ignored
	case twice:
		return event.Match{Reason: saidBySSHD}, event.Ignored
	case teller == bySSHD && f.asked && r.asked.is(header):
		return event.Match{Reason: saidByPAM}, event.Ignored
	}
	if teller == byPAMError {
		r.asked = asked{string(header.PID), header.Time}
	}
	r.saysFailed = r.saysFailed || teller != byPAM
	r.latest.keep(header.Host, f, addr, f.count)
	return r.failures.Add(addr, header.Time, f.name, f.count*count)
}

// teller is who tells of a failure.
type teller int

const (
	bySSHD     teller = iota
	byPAM             // a module of PAM
	byPAMError        // sshd, of what PAM returned
)

func readAnyFailure(message []byte) (f failure, by teller, ok bool) {
	if f, ok = readFailure(message); ok {
		return f, bySSHD, true
	}
	if f, ok = readPAM(message); ok {
		return f, byPAM, true
	}
	f, ok = readPAMError(message)
	return f, byPAMError, ok
}

func (r *Recogniser) isTrap(name []byte) bool {
	for _, trap := range r.setting.Traps {
		if string(name) == trap {
			return true
		}
	}
	return false
}
