package scoring

import (
	"iter"
	"net/netip"
	"time"
)

// Live is [Index.Verdicts] without a copy, for readers who may take long and are
// many: what is written meanwhile may or may not be seen, and the order is
// none. Who then follows the change log from a version that was read before
// misses nothing.
func (x *Index) Live(rule int, categories CategorySet, now time.Time) iter.Seq2[netip.Prefix, Verdict] {
	second := secondOf(now)
	return func(yield func(netip.Prefix, Verdict) bool) {
		var steps []step
		for k := range x.all() {
			steps = x.steps(steps[:0], k)
			if out := x.outcome(steps, 1<<rule, categories, second); out.listed() && !yield(k.prefix(), out.verdict(k, nil)) {
				return
			}
		}
	}
}
