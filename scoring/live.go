package scoring

import (
	"iter"
	"net/netip"
	"time"
)

// Live is [Index.Verdicts] without a copy, for readers who may take long and are
// many: what is written meanwhile may or may not be seen, and the order is
// none; a listed range comes as a whole or in pieces, as among [Members]. Who then follows the change log from a version that was read before
// misses nothing.
func (x *Index) Live(rule int, categories CategorySet, now time.Time) iter.Seq2[netip.Prefix, Verdict] {
	second := secondOf(now)
	return func(yield func(netip.Prefix, Verdict) bool) {
		var steps []step
		pieces := x.pieces(1<<rule, categories, second)
		for k := range x.all() {
			steps = x.steps(steps[:0], k)
			out := x.outcome(steps, 1<<rule, categories, second)
			if !out.listed() {
				continue
			}
			if len(pieces) > 0 {
				out = out.or(pieceAt(pieces, k))
			}
			if !yield(k.prefix(), out.verdict(k, nil)) {
				return
			}
		}
		for _, piece := range pieces {
			if !piece.key.isRange() && x.outcome(x.steps(steps[:0], piece.key), 1<<rule, categories, second).listed() {
				continue // came as an address
			}
			if !yield(piece.key.prefix(), piece.verdict(piece.key, nil)) {
				return
			}
		}
	}
}
