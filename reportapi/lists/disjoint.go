package lists

import (
	"iter"
	"net/netip"
	"slices"
)

// Disjoint makes prefixes that have nothing in common of entries of which some may
// lie within others, as an address does within a listed range: what lies within
// stands alone, with what holds of the range too, and the range in the fewest
// prefixes around it. Entries must be sorted, a range before what is within; what
// comes out is sorted.
func Disjoint(entries iter.Seq[Entry]) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		var group []Entry // a range, and what lies within
		for e := range entries {
			if len(group) > 0 && group[0].Prefix.Overlaps(e.Prefix) {
				group = append(group, e)
				continue
			}
			if len(group) > 0 && !divide(group[0].Prefix, Entry{}, group, yield) {
				return
			}
			group = append(group[:0], e)
		}
		if len(group) > 0 {
			divide(group[0].Prefix, Entry{}, group, yield)
		}
	}
}

// divide yields a prefix with what covers it, or its halves if something within
// stands alone.
func divide(p netip.Prefix, cover Entry, within []Entry, yield func(Entry) bool) bool {
	for len(within) > 0 && within[0].Prefix == p {
		cover = within[0].beside(cover)
		within = within[1:]
	}
	if len(within) == 0 {
		cover.Prefix = p
		return yield(cover)
	}
	lower, upper := halves(p)
	n := 0
	for n < len(within) && lower.Contains(within[n].Prefix.Addr()) {
		n++
	}
	return divide(lower, cover, within[:n], yield) && divide(upper, cover, within[n:], yield)
}

// beside returns an entry with what another says that covers it.
func (e Entry) beside(cover Entry) Entry {
	if !cover.Prefix.IsValid() {
		return e
	}
	members := e.Members
	e.gather(cover)
	e.Members = members
	for _, code := range cover.Codes {
		if !slices.Contains(e.Codes, code) {
			e.Codes = append(slices.Clip(e.Codes), code)
		}
	}
	slices.Sort(e.Codes)
	return e
}

// halves divides a prefix, which must be wider than an address.
func halves(p netip.Prefix) (lower, upper netip.Prefix) {
	bits := p.Bits() + 1
	octets := p.Addr().AsSlice()
	octets[(bits-1)/8] |= 0x80 >> ((bits - 1) % 8)
	second, _ := netip.AddrFromSlice(octets)
	return netip.PrefixFrom(p.Addr(), bits), netip.PrefixFrom(second, bits)
}

// Cut divides entries into the widest prefixes that are no wider than a function
// allows: the next length that it returns for a prefix, which must not be less
// than its own.
func Cut(entries iter.Seq[Entry], length func(netip.Prefix) int) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for e := range entries {
			if !cut(e, length(e.Prefix), yield) {
				return
			}
		}
	}
}

func cut(e Entry, bits int, yield func(Entry) bool) bool {
	if e.Prefix.Bits() >= bits {
		return yield(e)
	}
	lower, upper := halves(e.Prefix)
	e.Prefix = lower
	if !cut(e, bits, yield) {
		return false
	}
	e.Prefix = upper
	return cut(e, bits, yield)
}

// nameable is the length at which one name stands for a prefix: whole octets of
// IPv4, nibbles of IPv6.
func nameable(p netip.Prefix) int {
	step := 8
	if p.Addr().Is6() {
		step = 4
	}
	return (p.Bits() + step - 1) / step * step
}
