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

// readTooMany reads
//
//	Disconnecting: Too many authentication failures                                   6.8 to 7.4
//	Disconnecting: Too many authentication failures for NAME                          up to 6.6
//	Disconnecting: Too many authentication failures for NAME from ADDRESS port N ssh2 6.7
//	Disconnecting [KIND user NAME ]ADDRESS port N: Too many authentication failures   7.5 and later
//
// The first two do not tell the address, and in the second NAME may look like
// the third. The others follow a maximum-attempts line of the same process.
func (r *Recogniser) readTooMany(header logline.Header, message []byte) (event.Match, event.Outcome) {
	message = bytes.TrimSuffix(message, preauth)
	rest, ok := bytes.CutPrefix(message, disconnecting)
	if !ok {
		return event.Refuse(otherMessage)
	}
	if name, ok := bytes.CutPrefix(rest, append([]byte(": "), tooMany...)); ok {
		return r.readTooManyFor(header, name)
	}
	rest, ok = bytes.CutSuffix(rest, append([]byte(": "), tooMany...))
	if !ok {
		return event.Refuse(otherTail)
	}
	name, address, ok := cutClient(rest)
	switch {
	case !ok:
		return event.Refuse(otherTail)
	case hasClient(name):
		return event.Refuse(twoEndings)
	}
	return r.once(header, r.maxAuth, address, name)
}

// readTooManyFor reads what stands behind the words of an old sshd.
func (r *Recogniser) readTooManyFor(header logline.Header, rest []byte) (event.Match, event.Outcome) {
	name, ok := bytes.CutPrefix(rest, []byte(" for "))
	if !ok && len(rest) > 0 {
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

// readChange reads
//
//	Disconnecting: Change of username or service not allowed: (A,S) -> (B,S)
//	Disconnecting [KIND user NAME ]ADDRESS port N: Change of username or service not allowed: (A,S) -> (B,S)
//
// where S, too, is the client's word.
func (r *Recogniser) readChange(header logline.Header, message []byte) (event.Match, event.Outcome) {
	rest, ok := bytes.CutPrefix(message, disconnecting)
	if !ok {
		return event.Refuse(otherMessage)
	}
	front, words, ok := bytes.Cut(rest, append([]byte(": "), change...))
	if !ok {
		return event.Refuse(otherTail)
	}
	if len(front) == 0 {
		return r.byProcess(header, r.change, nil)
	}
	name, address, ok := cutClient(front)
	switch {
	case !ok:
		return event.Refuse(otherTail)
	case bytes.Contains(words, change), hasClient(name):
		return event.Refuse(twoEndings)
	}
	return r.once(header, r.change, address, name)
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

// hasClient tells whether in the text of a name the client may end, with a
// message behind it in which the rest is the client's word: the new name, or the
// service in "bad service request SERVICE".
func hasClient(name []byte) bool {
	for from := 0; ; {
		at := bytes.Index(name[from:], []byte(": "))
		if at < 0 {
			return false
		}
		from += at
		if _, _, ok := cutPort(name[:from]); ok {
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

// once names an address, unless the same connection was counted before.
func (r *Recogniser) once(header logline.Header, kind *event.Kind, address, name []byte) (event.Match, event.Outcome) {
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
