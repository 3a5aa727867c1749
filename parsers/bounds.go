package parsers

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"penaltybox/parsers/event"
)

// bounds keeps what one address causes within the bounds of a kind: so many
// events in a minute, and for distinct kinds one event per note and hour.
// Minutes and hours are the log's, so the same log gives the same events.
type bounds struct {
	minutes *recent[digest] // kind, client and minute
	notes   *recent[digest] // kind, client and note
}

func newBounds() bounds {
	return bounds{
		minutes: newRecent[digest](10 * time.Minute),
		notes:   newRecent[digest](time.Hour),
	}
}

// allow tells whether an event is within the bounds of its kind, and counts
// it.
func (b bounds) allow(m event.Match) bool {
	if m.Kind.Distinct && b.notes.add(boundKey(m, m.Note), m.Time) > 0 {
		return false
	}
	if m.Kind.PerMinute == 0 {
		return true
	}
	minute := binary.BigEndian.AppendUint64(nil, uint64(m.Time.Unix()/60))
	return b.minutes.add(boundKey(m, minute), m.Time) < m.Kind.PerMinute
}

// boundKey stands for a kind, a client, and what else the bound is about.
func boundKey(m event.Match, about []byte) digest {
	sum := sha256.New()
	writeField(sum, []byte(m.Kind.Name))
	writeField(sum, source(m.Addr).Addr().AsSlice())
	writeField(sum, about)
	return short(sum)
}

// source is what a client is bounded by: its address, or the /64 of an IPv6
// address, within which it may pick any.
func source(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
