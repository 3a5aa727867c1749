package scoring

import "slices"

// listedPiece is what one rule makes of a piece of a listed range, or of several
// ranges that it is a piece of.
type listedPiece struct {
	key scoredKey
	of  scoredKey // the narrowest of the ranges
	outcome
	splits second // until when the exemptions leave just these pieces
}

// pieces returns what of the ranges one rule lists at a moment, in the order of
// prefixes. Each prefix comes once. An exemption that ends gives other pieces, so
// the next change of a piece is no later than that.
func (x *Index) pieces(rule uint64, categories CategorySet, now second) []listedPiece {
	var pieces []listedPiece
	exempt := x.ranges.exemptions.Load()
	for _, known := range x.ranges.sorted() {
		out := x.outcome(known.steps, rule, categories, now)
		if !out.listed() {
			continue
		}
		splits := exempt.splitUntil(known.key, now)
		out.next = min(out.next, splits)
		for _, piece := range exempt.pieces(known.key, now) {
			pieces = append(pieces, listedPiece{piece, known.key, out, splits})
		}
	}
	return joinPieces(pieces)
}

// pieceAt returns what pieces, in their order, have for a key.
func pieceAt(pieces []listedPiece, k scoredKey) outcome {
	at, found := slices.BinarySearchFunc(pieces, k, func(p listedPiece, k scoredKey) int { return p.key.compare(k) })
	if !found {
		return outcome{}
	}
	return pieces[at].outcome
}

// joinPieces brings pieces into the order of prefixes, and makes one of those
// that have the same.
func joinPieces(pieces []listedPiece) []listedPiece {
	slices.SortFunc(pieces, func(a, b listedPiece) int { return a.key.compare(b.key) })
	joined := pieces[:0]
	for _, piece := range pieces {
		if last := len(joined) - 1; last >= 0 && joined[last].key == piece.key {
			joined[last].outcome = joined[last].or(piece.outcome)
			joined[last].splits = min(joined[last].splits, piece.splits)
			if piece.of.wider < joined[last].of.wider {
				joined[last].of = piece.of
			}
			continue
		}
		joined = append(joined, piece)
	}
	return joined
}

// weave yields what is listed of addresses, in the order of prefixes, with the
// pieces of ranges among them; an address that is a piece too comes once.
func weave(addresses func(yield func(scoredKey, outcome) bool), pieces []listedPiece) func(yield func(scoredKey, outcome) bool) {
	if len(pieces) == 0 {
		return addresses
	}
	return func(yield func(scoredKey, outcome) bool) {
		rest := pieces
		for k, out := range addresses {
			for len(rest) > 0 && rest[0].key.compare(k) < 0 {
				if !yield(rest[0].key, rest[0].outcome) {
					return
				}
				rest = rest[1:]
			}
			if len(rest) > 0 && rest[0].key == k {
				out, rest = out.or(rest[0].outcome), rest[1:]
			}
			if !yield(k, out) {
				return
			}
		}
		for _, piece := range rest {
			if !yield(piece.key, piece.outcome) {
				return
			}
		}
	}
}
