package sshd

import (
	"bytes"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

var (
	// maxAuthWords open the message, and stand in no other message of sshd's
	// own.
	maxAuthWords = []byte("maximum authentication attempts exceeded for ")
	// maxAuthHint is looked for in every line. It begins with a letter that is
	// rare in logs, which makes the search three times as fast.
	maxAuthHint = maxAuthWords[len("ma"):]
	errorWord   = []byte("error: ")
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

// agentPoints are what a connection is worth that failed with keys alone, for
// a user that exists: an agent with many keys does that. Root's is not spared.
const agentPoints = 5

// readMaxAuth reads
//
//	[error: ]maximum authentication attempts exceeded for [invalid user ]NAME from ADDRESS port N ssh2[ [preauth]]
//
// from both ends. NAME is the client's word and may hold another " from
// ADDRESS port N ssh2"; the tail behind the last " from " is sshd's. sshd cuts
// NAME at 100 bytes, so the tail is always whole.
func (r *Recogniser) readMaxAuth(header logline.Header, message []byte) (event.Match, event.Outcome) {
	rest := bytes.TrimPrefix(bytes.TrimPrefix(message, errorWord), maxAuthWords)
	rest = bytes.TrimSuffix(rest, preauth)
	if !bytes.HasSuffix(rest, []byte(" ssh2")) && !bytes.HasSuffix(rest, []byte(" ssh1")) {
		return event.Refuse(otherTail)
	}
	name, address, ok := cutPeer(rest)
	if !ok {
		return event.Refuse(otherTail)
	}
	addr, ok := event.Addr(address)
	if !ok {
		return event.Refuse(noAddress)
	}
	r.ended.add(header, addr)
	match := event.Match{Kind: r.maxAuth, Addr: addr, Note: withoutInvalid(name)}
	if len(match.Note) == len(name) && string(name) != "root" && r.history.onlyKeys(r.setting.Clock, header) {
		match.Points = agentPoints
	}
	return match, event.Recognised
}
