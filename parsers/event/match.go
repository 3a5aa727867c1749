package event

import (
	"net/netip"
	"time"
)

// Outcome says what became of a line.
type Outcome uint8

const (
	// Ignored lines have nothing to do with any kind.
	Ignored Outcome = iota
	// Refused lines speak of an event, but its address is not proven. They
	// are counted, because a daemon's new wording shows first as refusals.
	Refused
	// Counted lines are no event by themselves, but so many of them within a
	// while are one; the line that fills the count is recognised.
	Counted
	// Recognised lines are events.
	Recognised
)

// Match is what a line said. Host and Note point into the line and hold only
// until the next line is read.
type Match struct {
	Kind  *Kind
	Addr  netip.Addr // valid, unmapped, without a zone
	Time  time.Time
	Host  []byte // the machine that wrote the line, if its header tells
	Note  []byte // what the client sent (a user name, a path), as logged
	Count int    // how many events the line stands for; 0 means 1
	// Points, if not 0, are fewer than the kind's.
	Points uint16
	// Key, if not "", names the event in place of its line: an event that many
	// lines make together is the same whichever of them fills the count.
	Key string
	// Reason says why a line was refused or ignored, or what it counts for;
	// constant text without data.
	Reason string
}

// Refuse returns the match of a refused line.
func Refuse(reason string) (Match, Outcome) { return Match{Reason: reason}, Refused }

// Count returns the match of a line that counts towards an event.
func Count(reason string) (Match, Outcome) { return Match{Reason: reason}, Counted }

// Addr reads the address of a client, in numbers only. Host names are never
// resolved: their owner decides what they resolve to. Forms that are read
// differently by different programs (010.0.0.1, 1.2.3) and addresses with a
// zone are not addresses here. IPv4 in IPv6 is unmapped.
func Addr(text []byte) (netip.Addr, bool) {
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	if len(text) == 0 || len(text) > longest {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(string(text))
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}
