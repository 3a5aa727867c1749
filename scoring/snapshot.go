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

func (t *table) snapshot() snapshot {
	s := make(snapshot, 0, min(t.entries.Load(), 1<<bucketBits))
	return slices.AppendSeq(s, t.blocks())
}

// len returns how many entries there are.
func (s snapshot) len() int {
	n := 0
	for _, in := range s {
		n += in.block.len()
	}
	return n
}

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

// Verdicts yields all that one rule lists at a moment, sorted by prefix, IPv4
// first. What is written after the call is not seen, so ranging again yields the
// same. categories are those that the rule counts.
func (x *Index) Verdicts(rule int, categories CategorySet, now time.Time) iter.Seq2[netip.Prefix, Verdict] {
	return x.Members(rule, categories, now).All()
}

// unhashed is an entry of the table of IPv6 by its prefix's upper half.
type unhashed struct {
	n  uint64
	at entryPlace
}

// sorted6 returns the entries of the table of IPv6, which is in the order of a
// hash, by prefix.
func (x *Index) sorted6(s snapshot) []unhashed {
	all := make([]unhashed, 0, s.len())
	for key, at := range s.entries(layout6) {
		all = append(all, unhashed{x.unkey(key, true).n, at})
	}
	slices.SortFunc(all, func(a, b unhashed) int { return cmp.Compare(a.n, b.n) })
	return all
}

// Version moves with every change of the index. What time alone changes, such
// as the end of a listing, moves it later or not at all: [Verdict.Next] tells
// that beforehand. Read before the index is, it is never too new.
func (x *Index) Version() uint64 {
	return x.v4.version.Load() + x.v6.version.Load() + x.ranges.version.Load()
}
