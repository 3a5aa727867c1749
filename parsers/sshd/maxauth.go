package sshd

import (
	"bytes"

	"penaltybox/parsers/event"
)

var (
	// maxAuthWords open the message, and stand in no other message of sshd's
	// own.
	maxAuthWords = []byte("maximum authentication attempts exceeded for ")
	// maxAuthHint is looked for in every line. It begins with a letter that is
	// rare in logs, which makes the search three times as fast.
	maxAuthHint = maxAuthWords[len("ma"):]
)

func maxAuthKind() *event.Kind {
	return &event.Kind{
		Name:    "ssh.maxauth",
		Tier:    event.Hard,
		Points:  20,
		Summary: "one connection failed as many log-ins as sshd allows (MaxAuthTries)",
		Example: "Nov 22 10:00:00 host sshd[4242]: error: maximum authentication attempts exceeded for invalid user admin from 203.0.113.66 port 41866 ssh2 [preauth]",
	}
}

// Reasons why a maximum-attempts message is not believed.
const (
	otherTail = "the message does not end as sshd ends it"
	noAddress = "the client is named, not numbered: host names are not resolved"
)

// readMaxAuth reads
//
//	[error: ]maximum authentication attempts exceeded for [invalid user ]NAME from ADDRESS port N ssh2[ [preauth]]
//
// from both ends. NAME is the client's word and may hold another " from
// ADDRESS port N ssh2"; the tail behind the last " from " is sshd's. sshd cuts
// NAME at 100 bytes, so the tail is always whole.
func (r *Recogniser) readMaxAuth(message []byte) (event.Match, event.Outcome) {
	message = bytes.TrimPrefix(message, []byte("error: "))
	rest, ok := bytes.CutPrefix(message, maxAuthWords)
	if !ok {
		return event.Refuse(otherMessage)
	}
	name, address, ok := cutPeer(bytes.TrimSuffix(rest, []byte(" [preauth]")))
	if !ok {
		return event.Refuse(otherTail)
	}
	addr, ok := event.Addr(address)
	if !ok {
		return event.Refuse(noAddress)
	}
	name = bytes.TrimPrefix(name, []byte("invalid user "))
	return event.Match{Kind: r.maxAuth, Addr: addr, Note: name}, event.Recognised
}

// cutPeer cuts "NAME from ADDRESS port N ssh2" at its fixed tail. Protocol 1
// ended in ssh1.
func cutPeer(text []byte) (name, address []byte, ok bool) {
	text, ok = bytes.CutSuffix(text, []byte(" ssh2"))
	if !ok {
		if text, ok = bytes.CutSuffix(text, []byte(" ssh1")); !ok {
			return nil, nil, false
		}
	}
	text, port, ok := cutLastWord(text)
	if !ok || !isPort(port) {
		return nil, nil, false
	}
	if text, ok = bytes.CutSuffix(text, []byte(" port")); !ok {
		return nil, nil, false
	}
	text, address, ok = cutLastWord(text)
	if !ok {
		return nil, nil, false
	}
	name, ok = bytes.CutSuffix(text, []byte(" from"))
	return name, address, ok
}

// cutLastWord cuts text at its last blank.
func cutLastWord(text []byte) (rest, word []byte, ok bool) {
	at := bytes.LastIndexByte(text, ' ')
	if at < 0 {
		return nil, nil, false
	}
	return text[:at], text[at+1:], true
}

// isPort tells whether text is a port number in decimal digits.
func isPort(text []byte) bool {
	n := 0
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
		if n = n*10 + int(b-'0'); n > 65535 {
			return false
		}
	}
	return len(text) > 0
}
