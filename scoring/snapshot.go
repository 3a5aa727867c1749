package scoring

import (
	"cmp"
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

// entries yields where each key stands, in the table's order.
func (s snapshot) entries(l layout) iter.Seq2[uint64, entryPlace] {
	return func(yield func(uint64, entryPlace) bool) {
		for at, in := range s {
			for i := range in.block.len() {
				if !yield(l.keyWithin(in.bucket, in.block, i), entryPlace{uint32(at), uint32(i)}) {
					return
				}
			}
		}
	}
}

// entryPlace is where a key stands in a snapshot: in which block, and the
// number of the entry there.
type entryPlace struct{ block, entry uint32 }

// steps returns the steps of an entry, which hold until the next call.
func (s snapshot) steps(l layout, into []step, at entryPlace) []step {
	return l.steps(into[:0], s[at.block].block, int(at.entry))
}

// Verdicts yields all that one rule lists at a moment, sorted by prefix, IPv4
// first. What is written after the call is not seen, so ranging again yields the
// same. categories are those that the rule counts.
func (x *Index) Verdicts(rule int, categories CategorySet, now time.Time) iter.Seq2[netip.Prefix, Verdict] {
	second, v4, v6 := secondOf(now), x.v4.snapshot(), x.v6.snapshot()
	return func(yield func(netip.Prefix, Verdict) bool) {
		var steps []step
		tell := func(k scoredKey, s snapshot, l layout, at entryPlace) bool {
			steps = s.steps(l, steps, at)
			out := x.outcome(steps, 1<<rule, categories, second)
			return !out.listed() || yield(k.prefix(), out.verdict(k, nil))
		}
		for key, at := range v4.entries(layout4) {
			if !tell(x.unkey(key, false), v4, layout4, at) {
				return
			}
		}
		for _, e := range x.sorted6(v6) {
			if !tell(scoredKey{e.n, true}, v6, layout6, e.at) {
				return
			}
		}
	}
}

// unhashed is an entry of the table of IPv6 by its prefix's upper half.
type unhashed struct {
	n  uint64
	at entryPlace
}

// sorted6 returns the entries of the table of IPv6, which is in the order of a
// hash, by prefix.
func (x *Index) sorted6(s snapshot) []unhashed {
	var all []unhashed
	for key, at := range s.entries(layout6) {
		all = append(all, unhashed{x.unkey(key, true).n, at})
	}
	slices.SortFunc(all, func(a, b unhashed) int { return cmp.Compare(a.n, b.n) })
	return all
}

// Version moves with every change of the index. What time alone changes, such
// as the end of a listing, moves it later or not at all: [Verdict.Next] tells
// that beforehand. Read before the index is, it is never too new.
func (x *Index) Version() uint64 { return x.v4.version.Load() + x.v6.version.Load() }
