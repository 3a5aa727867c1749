package scoring

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"
)

// exemptTable finds what exempts an address.
type exemptTable = bart.Table[*exempt]

// exemptions are all exemptions and protected sets. It never changes once made:
// look-ups take no lock, and a new one is swapped in whole.
type exemptions struct {
	base *protected
	hand []*exempt // those that somebody made one by one
	// table is base.barred with hand in it. It shares what is alike with
	// base, so that one exemption more costs little beside a large set.
	table  *exemptTable
	ending []*exempt // of hand, what ends; the one that ends first comes first
}

// exempt is one exemption as look-ups need it.
type exempt struct {
	of     *Exemption   // many members of a set may share one, without a prefix
	covers netip.Prefix // what it exempts: of.Prefix, widened to a scored one
	ends   second       // never: it does not
}

// exemption returns what is told of it.
func (e *exempt) exemption() *Exemption {
	if e.of.Prefix.IsValid() {
		return e.of
	}
	own := *e.of
	own.Prefix = e.covers
	return &own
}

// newExemptions leaves out what names no prefix. Of two for the same prefix
// the one that ends later holds; before a protected set, the exemption.
func newExemptions(list []Exemption, base *protected) *exemptions {
	var hand []*exempt
	for _, e := range list {
		if covers, ok := widen(e.Prefix); ok {
			hand = append(hand, &exempt{of: &e, covers: covers, ends: endOf(e.Expires)})
		}
	}
	return layExemptions(hand, base)
}

// layExemptions lays exemptions over protected sets.
func layExemptions(hand []*exempt, base *protected) *exemptions {
	set := &exemptions{base: base, hand: hand, table: base.barred}
	for _, e := range hand {
		other, ok := set.table.Get(e.covers)
		if !ok || other.ends < e.ends || other.ends == e.ends && other.of.Set != "" {
			set.table = set.table.InsertPersist(e.covers, e)
		}
		if e.ends != never {
			set.ending = append(set.ending, e)
		}
	}
	sortByEnd(set.ending)
	return set
}

// with returns the same exemptions over other protected sets.
func (e *exemptions) with(base *protected) *exemptions { return layExemptions(e.hand, base) }

// endOf returns the second at which something ends that may have no end.
func endOf(expires time.Time) second {
	if expires.IsZero() {
		return never
	}
	return secondOf(expires)
}

func sortByEnd(list []*exempt) {
	slices.SortStableFunc(list, func(a, b *exempt) int { return cmp.Compare(a.ends, b.ends) })
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
		return narrowest.exemption()
	}
	for _, wider := range e.table.Supernets(narrowest.covers) {
		if wider.ends > now {
			return wider.exemption()
		}
	}
	return nil
}

// endingBy returns the prefixes of exemptions that end after one second and
// not after another.
func (e *exemptions) endingBy(after, by second) []netip.Prefix {
	var ended []netip.Prefix
	for _, list := range [][]*exempt{e.ending, e.base.ending} {
		first, _ := slices.BinarySearchFunc(list, after+1, func(e *exempt, end second) int { return cmp.Compare(e.ends, end) })
		for _, e := range list[first:] {
			if e.ends > by {
				break
			}
			ended = append(ended, e.covers)
		}
	}
	return ended
}

// differing returns the prefixes that only one of two exempts, or until
// another second.
func (e *exemptions) differing(other *exemptions) []netip.Prefix {
	return append(e.lacking(other), other.lacking(e)...)
}

// lacking returns what is exempt here and not there, or until another second.
// What both share is not looked at.
func (e *exemptions) lacking(other *exemptions) []netip.Prefix {
	var differ []netip.Prefix
	compare := func(prefix netip.Prefix) {
		here, _ := e.table.Get(prefix)
		if there, ok := other.table.Get(prefix); !ok || here.ends != there.ends {
			differ = append(differ, prefix)
		}
	}
	if e.base == other.base {
		for _, hand := range e.hand {
			compare(hand.covers)
		}
		return differ
	}
	for prefix := range e.table.All() {
		compare(prefix)
	}
	return differ
}

// SetExemptions replaces all exemptions. A prefix narrower than a scored one
// exempts the whole scored one. Exemptions end by themselves.
func (b *Scoreboard) SetExemptions(now time.Time, list []Exemption) {
	b.control.Lock()
	defer b.control.Unlock()
	b.exchange(now, newExemptions(list, b.exemptions.Load().base))
}

// exchange makes other exemptions hold.
func (b *Scoreboard) exchange(now time.Time, set *exemptions) {
	differing := b.exemptions.Swap(set).differing(set)
	b.index.ranges.exempt(set)
	b.resettle(secondOf(now), differing)
	b.tellRanges(secondOf(now))
}

// resettle brings the announcements of all places within some prefixes up to
// date.
func (b *Scoreboard) resettle(now second, prefixes []netip.Prefix) {
	b.queueOverlapping(prefixes)
	var wide bart.Lite
	for _, prefix := range prefixes {
		if k, ok := keyOfScored(prefix); ok && !k.isRange() {
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
			if !k.isRange() && wide.Contains(k.addr()) {
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
