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

// readFailed counts a failed log-in, and looks whether it stepped on a trap.
func (r *Recogniser) readFailed(header logline.Header, message []byte, count int) (event.Match, event.Outcome) {
	f, ok := readFailure(message)
	pam := false
	if !ok {
		if f, pam = readPAM(message); !pam {
			return event.Match{}, event.Ignored
		}
	}
	addr, ok := event.Addr(f.address)
	switch {
	case !ok:
		return event.Match{Reason: noAddress}, event.Ignored
	case r.isTrap(f.name):
		return event.Match{Kind: r.trap, Addr: addr, Note: f.name}, event.Recognised
	case !r.setting.Wants(event.Soft):
		return event.Match{}, event.Ignored
	case pam && r.saysFailed:
		return event.Match{Reason: "sshd says the same in a line of its own"}, event.Ignored
	case !pam:
		r.saysFailed = true
	}
	return r.failures.Add(addr, header.Time, f.name, f.count*count)
}

func (r *Recogniser) isTrap(name []byte) bool {
	for _, trap := range r.setting.Traps {
		if string(name) == trap {
			return true
		}
	}
	return false
}
