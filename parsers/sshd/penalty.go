package sshd

import (
	"bytes"

	"penaltybox/parsers/event"
)

var dropWords = []byte("drop connection #")

func penaltyKind() *event.Kind {
	return &event.Kind{
		Name:      "ssh.penalty",
		Tier:      event.Hard,
		Points:    10,
		PerMinute: 5,
		Summary:   "sshd (9.8 and later) turned the address away for what it did before",
		Example:   "Nov 22 10:00:00 host sshd[4242]: drop connection #0 from [203.0.113.66]:41866 on [192.0.2.1]:22 penalty: failed authentication",
	}
}

// otherPenalty is why a connection that sshd dropped is nothing: a scanner for
// keys, a monitor, or a line too slow for LoginGraceTime.
const otherPenalty = "sshd dropped it for what honest clients do, too"

// readPenalty reads
//
//	drop connection #N from [ADDRESS]:PORT on [ADDRESS]:PORT penalty: REASON
//
// in which nothing is the client's word.
func (r *Recogniser) readPenalty(message []byte) (event.Match, event.Outcome) {
	number, rest, ok := bytes.Cut(bytes.TrimPrefix(message, dropWords), []byte(" from "))
	if !ok || !isNumber(number) {
		return event.Refuse(otherTail)
	}
	address, rest, ok := bracketed(rest)
	if !ok {
		return event.Refuse(otherTail)
	}
	rest, ok = bytes.CutPrefix(rest, []byte("on "))
	_, reason, ok2 := bracketed(rest)
	if !ok || !ok2 {
		return event.Refuse(otherTail)
	}
	if !isAttack(reason) {
		return event.Match{Reason: otherPenalty}, event.Ignored
	}
	addr, ok := event.Addr(address)
	if !ok {
		return event.Refuse(noAddress)
	}
	return event.Match{Kind: r.penalty, Addr: addr, Note: reason}, event.Recognised
}

// mayBePenalty is a quick test by the last letter of the reasons that count,
// or of a repeated message.
func mayBePenalty(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	switch line[len(line)-1] {
	case 'n', 'h', 'r', ']':
		return true
	}
	return false
}

// isAttack knows the reasons (srclimit.c, srclimit_penalise) that honest clients
// do not give, the last of them since 10.3. Not among them: "connections without
// attempting authentication" (ssh-keyscan, monitors), "exceeded LoginGraceTime",
// "connection prohibited by RefuseConnection", and "too many penalised
// addresses", which tells of others.
func isAttack(reason []byte) bool {
	switch string(reason) {
	case "penalty: failed authentication", "penalty: caused crash", "penalty: attempted authentication by invalid user":
		return true
	}
	return false
}

func isNumber(text []byte) bool {
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
	}
	return len(text) > 0
}
