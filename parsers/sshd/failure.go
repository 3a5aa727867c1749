package sshd

import (
	"bytes"
	"time"

	"penaltybox/parsers/event"
	"penaltybox/parsers/tally"
)

// failure is a failed try to log in.
type failure struct {
	name, address []byte
	count         int  // failed passwords; 0 for a name that does not exist
	asked         bool // by keyboard-interactive, which PAM may tell of, too
}

func bruteForceKind() *event.Kind {
	return &event.Kind{
		Name:    "ssh.bruteforce",
		Tier:    event.Soft,
		Points:  20,
		Summary: "ten failed passwords, or ten different names, within ten minutes",
		Example: "Nov 22 10:00:00 host sshd[4242]: message repeated 10 times: [ Failed password for root from 203.0.113.66 port 41866 ssh2]",
	}
}

// countedFailure is why such a line alone is nothing: people mistype.
const countedFailure = "a failed log-in, which counts towards ssh.bruteforce"

func bruteForce() tally.Rule {
	return tally.Rule{Kind: bruteForceKind(), Failures: 10, Names: 10, Span: 10 * time.Minute, Counted: countedFailure}
}

// mayBeFailure looks for what the messages about failed log-ins begin with, or
// in PAM's words have in them. Each search begins with a character that is rare
// in logs.
func mayBeFailure(line []byte) bool {
	if bytes.Contains(line, []byte("Failed ")) || bytes.Contains(line, []byte("PAM: ")) {
		return true
	}
	for from := 0; ; {
		at := bytes.IndexByte(line[from:], 'I')
		if at < 0 {
			break
		}
		from += at + 1
		if rest := line[from:]; bytes.HasPrefix(rest, []byte("nvalid user ")) || bytes.HasPrefix(rest, []byte("llegal user ")) {
			return true
		}
	}
	at := bytes.IndexByte(line, ';')
	return at >= 0 && bytes.HasSuffix(line[:at], []byte("authentication failure"))
}

// readFailure reads
//
//	Failed METHOD for [invalid user ]NAME from ADDRESS port N[ ssh2]
//	Invalid user NAME from ADDRESS[ port N]
//
// (Illegal before 3.9) from both ends. METHOD is one where something is
// guessed: a failed key is what every agent does before the right one, and
// behind a key's line stand the client's words.
func readFailure(message []byte) (failure, bool) {
	message = bytes.TrimSuffix(message, preauth)
	if rest, ok := bytes.CutPrefix(message, []byte("Failed ")); ok {
		method, rest, _ := bytes.Cut(rest, []byte(" for "))
		if !isGuess(method) {
			return failure{}, false
		}
		name, address, ok := cutPeer(rest)
		return failure{withoutInvalid(name), address, 1, method[0] == 'k'}, ok
	}
	rest, ok := bytes.CutPrefix(message, []byte("Invalid user "))
	if !ok {
		if rest, ok = bytes.CutPrefix(message, []byte("Illegal user ")); !ok {
			return failure{}, false
		}
	}
	if name, address, ok := cutPeer(rest); ok {
		return failure{name: name, address: address}, true
	}
	rest, address, ok := cutLastWord(rest)
	if !ok {
		return failure{}, false
	}
	name, ok := cutFrom(rest)
	return failure{name: name, address: address}, ok
}

func withoutInvalid(name []byte) []byte {
	return bytes.TrimPrefix(bytes.TrimPrefix(name, []byte("invalid user ")), []byte("illegal user "))
}

// isGuess tells whether a method means that a password was tried.
func isGuess(method []byte) bool {
	method, _, _ = bytes.Cut(method, []byte{'/'})
	switch string(method) {
	case "password", "keyboard-interactive", "challenge-response", "skey", "bsdauth", "pam":
		return true
	}
	return false
}

// readPAM reads
//
//	pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=ADDRESS[  user=NAME]
//
// whose client's word is NAME alone, at the end. Up to 2006 PAM was a program
// of its own, sshd(pam_unix).
func readPAM(message []byte) (failure, bool) {
	front, rest, ok := bytes.Cut(message, []byte("authentication failure; "))
	if !ok || (len(front) > 0 && (!bytes.HasPrefix(front, []byte("pam_")) || !bytes.HasSuffix(front, []byte("): ")) || bytes.IndexByte(front, ' ') != len(front)-1)) {
		return failure{}, false
	}
	fields, rest, ok := bytes.Cut(rest, []byte("ruser= rhost="))
	if !ok || bytes.Contains(fields, []byte("rhost=")) {
		return failure{}, false
	}
	address, rest, _ := bytes.Cut(rest, []byte{' '})
	rest = bytes.TrimLeft(rest, " ")
	name, ok := bytes.CutPrefix(rest, []byte("user="))
	return failure{name: name, address: address, count: 1}, ok || len(rest) == 0
}

// readPAMError reads
//
//	[error: ]PAM: REASON for [illegal user |invalid user ]NAME from ADDRESS[ via ADDRESS]
//
// where REASON is PAM's own and via is Apple's. The address behind via is the
// server's.
func readPAMError(message []byte) (failure, bool) {
	rest, ok := bytes.CutPrefix(bytes.TrimPrefix(message, errorWord), []byte("PAM: "))
	if !ok {
		return failure{}, false
	}
	_, rest, ok = bytes.Cut(rest, []byte(" for "))
	if !ok {
		return failure{}, false
	}
	rest, address, ok := cutLastWord(bytes.TrimSuffix(rest, []byte{' '}))
	if via, cut := bytes.CutSuffix(rest, []byte(" via")); ok && cut {
		rest, address, ok = cutLastWord(via)
	}
	if !ok {
		return failure{}, false
	}
	name, ok := cutFrom(rest)
	return failure{name: withoutInvalid(name), address: address, count: 1}, ok
}
