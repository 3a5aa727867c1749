package scoring

import "net/netip"

// A range is listed as a whole unless something within is exempt. What is left
// of it then are its pieces: the fewest prefixes that together hold all the rest.
// Look-ups need none of them, because they ask the exemptions about the address;
// lists, streams and the change log name them instead of the range.

// pieces returns what of a range may be listed at a moment, in the order of
// prefixes; none when the whole is special or exempt.
func (e *exemptions) pieces(k scoredKey, now second) []scoredKey {
	if k.special() {
		return nil
	}
	if e.around(k, now) != nil {
		return nil
	}
	var holes []scoredKey
	for within, exempt := range e.table.Subnets(k.prefix()) {
		if hole, ok := keyOfScored(within); ok && exempt.ends > now {
			holes = append(holes, hole)
		}
	}
	return k.without(nil, holes)
}

// around returns the narrowest exemption that holds for the whole of a key at a
// moment, or nil.
func (e *exemptions) around(k scoredKey, now second) *Exemption {
	if !k.isRange() {
		return e.covering(k.addr(), now)
	}
	for _, wider := range e.table.Supernets(k.prefix()) {
		if wider.ends > now {
			return wider.exemption()
		}
	}
	return nil
}

// holds tells whether an unmapped address is exempt at a moment, without
// allocating.
func (e *exemptions) holds(addr netip.Addr, now second) bool {
	narrowest, ok := e.table.Lookup(addr)
	for ok && narrowest.ends <= now {
		bits := narrowest.covers.Bits() - 1
		if bits < 0 {
			return false
		}
		wider := netip.PrefixFrom(addr, bits).Masked()
		_, narrowest, ok = e.table.LookupPrefixLPM(wider)
	}
	return ok
}

// without appends what is left of a prefix when holes within are taken out.
func (k scoredKey) without(pieces, holes []scoredKey) []scoredKey {
	if len(holes) == 0 {
		return append(pieces, k)
	}
	if !k.isRange() {
		return pieces
	}
	for _, hole := range holes {
		if hole.wider >= k.wider {
			return pieces
		}
	}
	half := k.wider - 1
	lower, upper := scoredKey{k.n, k.v6, half}, scoredKey{k.n + 1<<half, k.v6, half}
	var below, above []scoredKey
	for _, hole := range holes {
		if hole.n < upper.n {
			below = append(below, hole)
		} else {
			above = append(above, hole)
		}
	}
	return upper.without(lower.without(pieces, below), above)
}

// splitUntil returns when the first exemption within a range ends after a
// moment; never: there is none.
func (e *exemptions) splitUntil(k scoredKey, now second) second {
	first := never
	for _, within := range e.table.Subnets(k.prefix()) {
		if within.ends > now {
			first = min(first, within.ends)
		}
	}
	return first
}
