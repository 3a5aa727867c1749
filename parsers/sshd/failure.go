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
	count         int // failed passwords; 0 for a name that does not exist
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

// failureHints are words that each message about a failed log-in has.
var failureHints = [][]byte{[]byte("Failed "), []byte("nvalid user "), []byte("llegal user "), []byte("entication failure;")}

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
		return failure{withoutInvalid(name), address, 1}, ok
	}
	rest, ok := bytes.CutPrefix(message, []byte("Invalid user "))
	if !ok {
		if rest, ok = bytes.CutPrefix(message, []byte("Illegal user ")); !ok {
			return failure{}, false
		}
	}
	if name, address, ok := cutPeer(rest); ok {
		return failure{name, address, 0}, true
	}
	rest, address, ok := cutLastWord(rest)
	if !ok {
		return failure{}, false
	}
	name, ok := cutFrom(rest)
	return failure{name, address, 0}, ok
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
	name := bytes.TrimPrefix(bytes.TrimLeft(rest, " "), []byte("user="))
	return failure{name, address, 1}, true
}
