package scoring

import (
	"iter"
	"net/netip"
	"slices"
	"time"
)

// snapshot is what a table holds at one moment. Blocks never change once they
// are published, so it is a copy of the pointers to them: two megabytes, and
// the blocks that are replaced meanwhile stay in memory until it is let go.
type snapshot []bucketBlock

// bucketBlock is a block of a bucket, which may have several.
type bucketBlock struct {
	bucket int
	block  block
}

func (t *table) snapshot() snapshot { return slices.Collect(t.blocks()) }

// entries yields each key with its steps, which hold until the next.
func (s snapshot) entries(l layout) iter.Seq2[uint64, []step] {
	return func(yield func(uint64, []step) bool) {
		var steps []step
		for _, in := range s {
			for i := range in.block.len() {
				steps = l.steps(steps[:0], in.block, i)
				if !yield(l.keyWithin(in.bucket, in.block, i), steps) {
					return
				}
			}
		}
	}
}

// Verdicts yields all that one rule lists at a moment: IPv4 in the order of
// addresses, then IPv6 in no order that means anything. What is written while
// it goes on is not seen. categories are those that the rule counts.
func (x *Index) Verdicts(rule int, categories CategorySet, now time.Time) iter.Seq2[netip.Prefix, Verdict] {
	return func(yield func(netip.Prefix, Verdict) bool) {
		at := secondOf(now)
		tell := func(k scoredKey, steps []step) bool {
			out := x.outcome(steps, 1<<rule, categories, at)
			return !out.listed() || yield(k.prefix(), out.verdict(k, nil))
		}
		v4, v6 := x.v4.snapshot(), x.v6.snapshot()
		for key, steps := range v4.entries(layout4) {
			if !tell(x.unkey(key, false), steps) {
				return
			}
		}
		for key, steps := range v6.entries(layout6) {
			if !tell(x.unkey(key, true), steps) {
				return
			}
		}
	}
}

// Version moves with every change of the index. What time alone changes, such
// as the end of a listing, moves it later or not at all: [Verdict.Next] tells
// that beforehand. Read before the index is, it is never too new.
func (x *Index) Version() uint64 { return x.v4.version.Load() + x.v6.version.Load() }
