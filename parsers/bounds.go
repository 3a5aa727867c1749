package parsers

import (
	"hash/maphash"
	"net/netip"
	"time"

	"penaltybox/parsers/event"
)

// bounds keeps what one address causes within the bounds of a kind: so many
// events in a minute, and for distinct kinds one event per note and hour.
// Minutes and hours are the log's, so the same log gives the same events.
type bounds struct {
	seed    maphash.Seed
	minutes *recent[minuteKey]
	notes   *recent[noteKey]
}

type minuteKey struct {
	kind   string
	from   netip.Prefix
	minute int64
}

type noteKey struct {
	kind string
	from netip.Prefix
	note uint64
}

func newBounds() bounds {
	return bounds{
		seed:    maphash.MakeSeed(),
		minutes: newRecent[minuteKey](10 * time.Minute),
		notes:   newRecent[noteKey](time.Hour),
	}
}

// allow tells whether an event is within the bounds of its kind, and counts
// it.
func (b bounds) allow(m event.Match) bool {
	from := source(m.Addr)
	if m.Kind.Distinct && b.notes.add(noteKey{m.Kind.Name, from, maphash.Bytes(b.seed, m.Note)}, m.Time) > 0 {
		return false
	}
	if m.Kind.PerMinute == 0 {
		return true
	}
	key := minuteKey{m.Kind.Name, from, m.Time.Unix() / 60}
	return b.minutes.add(key, m.Time) < m.Kind.PerMinute
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
