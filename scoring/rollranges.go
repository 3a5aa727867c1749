package scoring

import (
	"cmp"
	"slices"
)

// rolledPiece is a piece of a listed range, and how many reporters made it so.
type rolledPiece struct {
	key scoredKey
	outcome
	reporters int
}

// addRanges takes in the pieces of ranges. One that is an address that is listed
// itself joins it, others join those that have the same prefix.
func (r *Roll) addRanges(pieces []rolledPiece) {
	slices.SortFunc(pieces, func(a, b rolledPiece) int { return a.key.compare(b.key) })
	var last scoredKey
	for _, piece := range pieces {
		k, listing := piece.key, piece.listing()
		switch n := len(r.ranges); {
		case n > 0 && last == k:
			r.ranges[n-1] = r.ranges[n-1].or(listing)
		case !k.isRange() && r.join(k, listing):
		default:
			r.ranges, last = append(r.ranges, listing), k
			r.count++
		}
	}
}

// join brings into the row of an address what a range says; false: there is no
// such row.
func (r *Roll) join(k scoredKey, listing Listing) bool {
	if k.v6 {
		return joinRow(r.v6[k.shard()], k.n, true, listing)
	}
	return joinRow(r.v4[k.shard()], uint32(k.n), false, listing)
}

func joinRow[K uint32 | uint64](rows []listedRow[K], n K, v6 bool, listing Listing) bool {
	at, found := slices.BinarySearchFunc(rows, n, func(row listedRow[K], n K) int { return cmp.Compare(row.n, n) })
	if !found {
		return false
	}
	all := rows[at].listing(v6).or(listing)
	rows[at] = listedRow[K]{n, secondOf(all.Until), uint32(all.Score), uint32(all.Reporters), all.Categories}
	return true
}

func (p rolledPiece) listing() Listing {
	return Listing{
		Prefix:     p.key.prefix(),
		Score:      int(p.score),
		Reporters:  p.reporters,
		Categories: p.categories,
		Until:      timeOf(p.until),
	}
}

// or joins two listings of a prefix: points and reporters are not added.
func (l Listing) or(other Listing) Listing {
	l.Score, l.Reporters = max(l.Score, other.Score), max(l.Reporters, other.Reporters)
	l.Categories |= other.Categories
	if other.Until.After(l.Until) {
		l.Until = other.Until
	}
	return l
}

// before tells whether a listing stands before another in the order of prefixes.
func (l Listing) before(other Listing) bool {
	a, b := l.Prefix.Addr(), other.Prefix.Addr()
	return cmp.Or(cmp.Compare(a.BitLen(), b.BitLen()), a.Compare(b), cmp.Compare(l.Prefix.Bits(), other.Prefix.Bits())) < 0
}
