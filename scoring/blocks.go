package scoring

import (
	"iter"
	"net/netip"
	"time"
)

// Blocks yields what one rule lists at a moment as prefixes that have nothing in
// common, sorted, IPv4 first, each with the verdict that all addresses within
// have: what is listed itself within a listed range stands alone, and the range in
// the fewest prefixes around it. It is for readers who cannot have one prefix
// within another. What is written after the call is not seen.
func (x *Index) Blocks(rule int, categories CategorySet, now time.Time) iter.Seq2[netip.Prefix, Verdict] {
	m := x.Members(rule, categories, now)
	return func(yield func(netip.Prefix, Verdict) bool) {
		var b blocks
		for k, out := range m.addresses() {
			if !b.reach(m.pieces, k, yield) {
				return
			}
			if len(b.pieces) == 0 {
				if !yield(k.prefix(), out.verdict(k, nil)) {
					return
				}
				continue
			}
			b.addresses = append(b.addresses, listedPiece{key: k, outcome: out})
		}
		for b.leave(yield) && b.next(m.pieces) {
		}
	}
}

// blocks divides one listed range after another.
type blocks struct {
	from      int           // pieces that were taken
	pieces    []listedPiece // the range at hand, then those within
	addresses []listedPiece // that are listed themselves within
}

// holds tells whether a prefix is the same as another or around it.
func (k scoredKey) holds(other scoredKey) bool {
	return k.v6 == other.v6 && k.wider >= other.wider && other.within(k.wider) == k
}

// reach goes on to an address: what lies before it is complete.
func (b *blocks) reach(all []listedPiece, k scoredKey, yield func(netip.Prefix, Verdict) bool) bool {
	for len(b.pieces) == 0 || !b.pieces[0].key.holds(k) {
		if !b.leave(yield) {
			return false
		}
		if b.from == len(all) || all[b.from].key.compare(k) > 0 && !all[b.from].key.holds(k) || !b.next(all) {
			return true
		}
	}
	return true
}

// next takes up the next range, with the pieces within.
func (b *blocks) next(all []listedPiece) bool {
	if b.from == len(all) {
		return false
	}
	begin := b.from
	for b.from++; b.from < len(all) && all[begin].key.holds(all[b.from].key); b.from++ {
	}
	b.pieces = all[begin:b.from]
	return true
}

// leave yields the range at hand.
func (b *blocks) leave(yield func(netip.Prefix, Verdict) bool) bool {
	pieces, addresses := b.pieces, b.addresses
	b.pieces, b.addresses = nil, b.addresses[:0]
	if len(pieces) == 0 {
		return true
	}
	return divide(pieces[0].key, listedPiece{}, pieces, addresses, yield)
}

// divide yields a prefix within what covers it, or its halves if something within
// has a verdict of its own.
func divide(k scoredKey, cover listedPiece, pieces, addresses []listedPiece, yield func(netip.Prefix, Verdict) bool) bool {
	for len(pieces) > 0 && pieces[0].key == k {
		cover = listedPiece{of: pieces[0].of, outcome: cover.or(pieces[0].outcome)}
		pieces = pieces[1:]
	}
	switch {
	case !k.isRange() && len(addresses) > 0:
		return yield(k.prefix(), cover.or(addresses[0].outcome).verdict(k, nil).named(cover.of, true))
	case len(pieces) == 0 && len(addresses) == 0:
		return yield(k.prefix(), cover.verdict(k, nil).named(cover.of, false))
	}
	lower := k.within(k.wider - 1)
	upper := scoredKey{k.n + 1<<lower.wider, k.v6, lower.wider}
	before := func(all []listedPiece) int {
		n := 0
		for n < len(all) && all[n].key.n < upper.n {
			n++
		}
		return n
	}
	p, a := before(pieces), before(addresses)
	return divide(lower, cover, pieces[:p], addresses[:a], yield) && divide(upper, cover, pieces[p:], addresses[a:], yield)
}
