package sshd

import (
	"bytes"
	"net/netip"

	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

var (
	preauth       = []byte(" [preauth]")
	disconnecting = []byte("Disconnecting")
	tooMany       = []byte("Too many authentication failures")
	change        = []byte("Change of username or service not allowed")
	changeHint    = change[len("Change of "):]
)

func changeKind() *event.Kind {
	return &event.Kind{
		Name:    "ssh.penalty",
		Tier:    event.Medium,
		Points:  10,
		Summary: "changed the user name within one connection, which sshd forbids",
		Example: "Nov 22 10:00:00 host sshd[4242]: Disconnecting invalid user a 203.0.113.66 port 41866: Change of username or service not allowed: (a,ssh-connection) -> (b,ssh-connection) [preauth]",
	}
}

const (
	// secondLine is no refusal: the event is counted already.
	secondLine = "the second line of an event that is counted"
	// noEarlierLine is what happens at the beginning of a log.
	noEarlierLine = "no address in the line, and no earlier line of the same process proves one"
	twoEndings    = "the client's words look like the end of another message"
)

// readDisconnect reads
//
//	Disconnecting: Too many authentication failures                                   6.8 to 7.4
//	Disconnecting: Too many authentication failures for NAME                          up to 6.6
//	Disconnecting: Too many authentication failures for NAME from ADDRESS port N ssh2 6.7
//	Disconnecting [KIND user NAME ]ADDRESS port N: Too many authentication failures   7.5 and later
//	Disconnecting: Change of username or service not allowed: (A,S) -> (B,S)          up to 7.4
//	Disconnecting [KIND user NAME ]ADDRESS port N: Change of username or service not allowed: (A,S) -> (B,S)
//
// The first two do not tell the address, and in the second NAME may look like
// the third. The others follow a maximum-attempts line of the same process. S,
// too, is the client's word.
func (r *Recogniser) readDisconnect(header logline.Header, message []byte) (event.Match, event.Outcome) {
	rest := bytes.TrimPrefix(bytes.TrimSuffix(message, preauth), disconnecting)
	if name, ok := bytes.CutPrefix(rest, append([]byte(": "), tooMany...)); ok {
		return r.readTooManyFor(header, name)
	}
	if client, ok := bytes.CutSuffix(rest, append([]byte(": "), tooMany...)); ok {
		return r.once(header, r.maxAuth, client)
	}
	client, words, ok := bytes.Cut(rest, append([]byte(": "), change...))
	switch {
	case !ok || !r.setting.Wants(event.Medium):
		return event.Refuse(otherTail)
	case len(client) == 0:
		return r.byProcess(header, r.change, nil)
	case bytes.Contains(words, change), hasClient(words):
		return event.Refuse(twoEndings)
	}
	return r.once(header, r.change, client)
}

// readTooManyFor reads what stands behind the words of an old sshd.
func (r *Recogniser) readTooManyFor(header logline.Header, rest []byte) (event.Match, event.Outcome) {
	name, ok := bytes.CutPrefix(rest, []byte(" for "))
	switch {
	case len(rest) == 0, string(rest) == " for": // the name is empty
		name = nil
	case !ok:
		return event.Refuse(otherTail)
	}
	match, outcome := r.byProcess(header, r.maxAuth, name)
	if outcome != event.Recognised {
		return match, outcome
	}
	// Up to 6.6 a tail behind the name is the client's word, so it must agree.
	if front, address, ok := cutPeer(name); ok {
		if addr, ok := event.Addr(address); ok && addr == match.Addr {
			match.Note = withoutInvalid(front)
		}
	}
	if len(match.Note) > 0 && string(match.Note) != "root" && r.history.onlyKeys(r.setting.Clock, header) {
		match.Points = agentPoints
	}
	return match, outcome
}

// cutClient cuts " [[invalid |authenticating ]user NAME ]ADDRESS port N", as
// sshd calls a connection (packet.c, fmt_connection_id). Nothing else may stand
// there: a line that lost a piece proves nothing.
func cutClient(text []byte) (name, address []byte, ok bool) {
	front, address, ok := cutPort(text)
	if !ok || len(front) == 0 {
		return nil, address, ok
	}
	for _, words := range []string{" invalid user ", " authenticating user ", " user "} {
		if name, ok := bytes.CutPrefix(front, []byte(words)); ok {
			return name, address, true
		}
	}
	return nil, nil, false
}

// hasClient tells whether in a name, or behind the words of a message, there is
// "ADDRESS port N: ", which may be the end of the client as sshd wrote it: then
// what is in front of it is the name, or what is behind it the client's word, as
// in "bad service request SERVICE".
func hasClient(text []byte) bool {
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(": "))
		if at < 0 {
			return false
		}
		from += at
		if _, _, ok := cutPort(text[:from]); ok {
			return true
		}
		from++
	}
}

// byProcess names the address that the process of a line named before.
func (r *Recogniser) byProcess(header logline.Header, kind *event.Kind, name []byte) (event.Match, event.Outcome) {
	if r.ended.has(header, netip.Addr{}) {
		return event.Match{Reason: secondLine}, event.Ignored
	}
	addr, ok := r.history.addr(r.setting.Clock, header)
	if !ok {
		return event.Refuse(noEarlierLine)
	}
	r.ended.add(header, addr)
	return event.Match{Kind: kind, Addr: addr, Note: name}, event.Recognised
}

// once names a client, unless the same connection was counted before.
func (r *Recogniser) once(header logline.Header, kind *event.Kind, client []byte) (event.Match, event.Outcome) {
	name, address, ok := cutClient(client)
	switch {
	case !ok:
		return event.Refuse(otherTail)
	case hasClient(name):
		return event.Refuse(twoEndings)
	}
	addr, ok := event.Addr(address)
	switch {
	case !ok:
		return event.Refuse(noAddress)
	case r.ended.has(header, addr):
		return event.Match{Reason: secondLine}, event.Ignored
	}
	r.ended.add(header, addr)
	return event.Match{Kind: kind, Addr: addr, Note: name}, event.Recognised
}
