package scoring

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"
)

// exemptions is a set of exemptions that never changes once made: look-ups
// take no lock, and a new set is swapped in whole.
type exemptions struct {
	table bart.Table[*exempt]
	all   []*exempt // the one that ends first comes first
}

// exempt is one exemption as look-ups need it.
type exempt struct {
	Exemption
	covers netip.Prefix // what it exempts: Prefix, widened to a scored one
	ends   second       // never: it does not
}

// newExemptions leaves out what names no prefix. Of two for the same prefix
// the one that ends later holds.
func newExemptions(list []Exemption) *exemptions {
	set := &exemptions{}
	for _, e := range list {
		covers, ok := widen(e.Prefix)
		if !ok {
			continue
		}
		e := &exempt{Exemption: e, covers: covers, ends: never}
		if !e.Expires.IsZero() {
			e.ends = secondOf(e.Expires)
		}
		if other, ok := set.table.Get(covers); !ok || other.ends < e.ends {
			set.table.Insert(covers, e)
		}
		set.all = append(set.all, e)
	}
	slices.SortStableFunc(set.all, func(a, b *exempt) int { return cmp.Compare(a.ends, b.ends) })
	return set
}

// widen returns the prefix that an exemption is about: never narrower than
// what is scored, and IPv4 when it was written as mapped IPv6.
func widen(prefix netip.Prefix) (netip.Prefix, bool) {
	if !prefix.IsValid() {
		return prefix, false
	}
	addr, bits := prefix.Addr(), prefix.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	if scored := PrefixOf(addr); bits > scored.Bits() {
		return scored, true
	}
	return netip.PrefixFrom(addr, bits).Masked(), true
}

// covering returns the narrowest exemption that holds for an unmapped address
// at a moment, or nil.
func (e *exemptions) covering(addr netip.Addr, now second) *Exemption {
	narrowest, ok := e.table.Lookup(addr)
	switch {
	case !ok:
		return nil
	case narrowest.ends > now:
		return &narrowest.Exemption
	}
	for _, wider := range e.table.Supernets(narrowest.covers) {
		if wider.ends > now {
			return &wider.Exemption
		}
	}
	return nil
}

// endingBy returns the prefixes of exemptions that end after one second and
// not after another.
func (e *exemptions) endingBy(after, by second) []netip.Prefix {
	var ended []netip.Prefix
	for _, e := range e.all {
		if e.ends > by {
			break
		}
		if e.ends > after {
			ended = append(ended, e.covers)
		}
	}
	return ended
}

// differing returns the prefixes that only one of two sets exempts, or until
// another second.
func (e *exemptions) differing(other *exemptions) []netip.Prefix {
	var differ []netip.Prefix
	for prefix, a := range e.table.All() {
		if b, ok := other.table.Get(prefix); !ok || a.ends != b.ends {
			differ = append(differ, prefix)
		}
	}
	for prefix := range other.table.All() {
		if _, ok := e.table.Get(prefix); !ok {
			differ = append(differ, prefix)
		}
	}
	return differ
}

// SetExemptions replaces all exemptions. A prefix narrower than a scored one
// exempts the whole scored one. Exemptions end by themselves.
func (b *Scoreboard) SetExemptions(now time.Time, list []Exemption) {
	b.control.Lock()
	defer b.control.Unlock()
	set := newExemptions(list)
	differing := b.exemptions.Swap(set).differing(set)
	b.resettle(secondOf(now), differing)
}

// resettle brings the announcements of all places within some prefixes up to
// date.
func (b *Scoreboard) resettle(now second, prefixes []netip.Prefix) {
	var wide bart.Lite
	for _, prefix := range prefixes {
		if k, ok := keyOfScored(prefix); ok {
			b.resettlePlace(now, k)
		} else {
			wide.Insert(prefix)
		}
	}
	if wide.Size() == 0 {
		return
	}
	b.eachShard(func(s *shard) {
		for k, p := range s.places() {
			if wide.Contains(k.addr()) {
				b.settle(s, k, &p, now, nil)
			}
		}
	})
}

func (b *Scoreboard) resettlePlace(now second, k scoredKey) {
	locked := &b.shards[k.shard()]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	if p, ok := locked.place(k); ok {
		b.settle(locked.shard, k, &p, now, nil)
	}
}

// Exempt returns the exemption that covers an address at a moment, whether or
// not the address would be listed without it.
func (b *Scoreboard) Exempt(addr netip.Addr, now time.Time) (Exemption, bool) {
	if !addr.IsValid() {
		return Exemption{}, false
	}
	if e := b.exemptions.Load().covering(keyOf(addr).addr(), secondOf(now)); e != nil {
		return *e, true
	}
	return Exemption{}, false
}

// barredUntil returns the second from which on a prefix may be listed: 0 when
// nothing is in the way, never when something always will.
func (e *exemptions) barredUntil(k scoredKey) second {
	if k.special() {
		return never
	}
	narrowest, ok := e.table.Lookup(k.addr())
	if !ok {
		return 0
	}
	ends := narrowest.ends
	for _, wider := range e.table.Supernets(narrowest.covers) {
		ends = max(ends, wider.ends)
	}
	return ends
}

// ExemptWithin tells whether something of a prefix is exempt at a moment, so
// that the prefix must not be named as a whole.
func (b *Scoreboard) ExemptWithin(prefix netip.Prefix, now time.Time) bool {
	set, at := b.exemptions.Load(), secondOf(now)
	for _, e := range set.table.Supernets(prefix) {
		if e.ends > at {
			return true
		}
	}
	for _, e := range set.table.Subnets(prefix) {
		if e.ends > at {
			return true
		}
	}
	return false
}
