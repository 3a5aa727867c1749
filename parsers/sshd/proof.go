package sshd

import (
	"bytes"
	"net/netip"

	"penaltybox/parsers/event"
)

// addressFirst are words in front of an address with which no word of the
// client's comes.
var addressFirst = [][]byte{[]byte("Connection from "), []byte("ROOT LOGIN REFUSED FROM ")}

// provenPeer returns the address in a message that names its client for sure.
func provenPeer(message []byte) (netip.Addr, bool) {
	message = bytes.TrimSuffix(message, preauth)
	for _, words := range addressFirst {
		if rest, ok := bytes.CutPrefix(message, words); ok {
			address, _, _ := bytes.Cut(rest, []byte{' '})
			return event.Addr(address)
		}
	}
	for _, read := range []func([]byte) (failure, bool){readFailure, readPAM, readPAMError, readOtherTry} {
		if f, ok := read(message); ok {
			return event.Addr(f.address)
		}
	}
	return netip.Addr{}, false
}

// readOtherTry reads
//
//	Failed METHOD for [invalid user ]NAME from ADDRESS port N[ ssh2[: TYPE FINGERPRINT]]
//
// (Postponed where the client is asked for more), in which METHOD, too, is the
// client's word, and nothing was guessed: such a line counts for nothing, but
// proves an address. Other text may follow about a certificate or a host, and
// with it words of the client's; that proves nothing.
func readOtherTry(message []byte) (failure, bool) {
	rest, ok := bytes.CutPrefix(message, []byte("Failed "))
	if !ok {
		if rest, ok = bytes.CutPrefix(message, []byte("Postponed ")); !ok {
			return failure{}, false
		}
	}
	_, rest, _ = bytes.Cut(rest, []byte(" for "))
	name, address, ok := cutPeer(withoutKey(rest))
	if bytes.Contains(name, []byte(" ssh2: ")) || bytes.Contains(name, []byte(" ssh1: ")) {
		return failure{}, false
	}
	return failure{name: name, address: address}, ok
}

// withoutKey cuts ": TYPE FINGERPRINT" off the end, where sshd tells of a key
// since 6.3.
func withoutKey(text []byte) []byte {
	rest, fingerprint, ok := cutLastWord(text)
	if !ok || !isMadeOf(fingerprint, "+/:=") {
		return text
	}
	rest, kind, ok := cutLastWord(rest)
	if !ok || !isMadeOf(kind, "-") {
		return text
	}
	if rest, ok = bytes.CutSuffix(rest, []byte{':'}); !ok {
		return text
	}
	return rest
}

// isMadeOf tells whether text is letters, digits and some marks.
func isMadeOf(text []byte, marks string) bool {
	for _, b := range text {
		if (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') && bytes.IndexByte([]byte(marks), b) < 0 {
			return false
		}
	}
	return len(text) > 0
}
