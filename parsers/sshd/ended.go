package sshd

import (
	"net/netip"
	"time"

	"penaltybox/parsers/logline"
)

// mostBetween bounds how far apart the two lines are. sshd writes one behind
// the other; a pid may come around again within minutes.
const mostBetween = time.Minute

// ended remembers the last connections that were counted, because sshd says
// of one end in two lines.
type ended struct {
	last [256]ending
	next int
}

type ending struct {
	host, pid string
	addr      netip.Addr
	at        time.Time
}

func (e *ended) add(header logline.Header, addr netip.Addr) {
	e.last[e.next%len(e.last)] = ending{string(header.Host), string(header.PID), addr, header.Time}
	e.next++
}

// has tells whether the process of a line was counted; where the log tells no
// pids, whether the address was, at the same time. An address that is not
// valid stands for any.
func (e *ended) has(header logline.Header, addr netip.Addr) bool {
	for i := range e.last { // the latest first
		known := &e.last[(e.next+len(e.last)-1-i)%len(e.last)]
		if known.pid != string(header.PID) || known.at.IsZero() {
			continue
		}
		away := header.Time.Sub(known.at).Abs()
		switch {
		case known.host != string(header.Host):
		case addr.IsValid() && known.addr != addr:
		case known.pid != "" && away <= mostBetween, away <= time.Second:
			return true
		}
	}
	return false
}
