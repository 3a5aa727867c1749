package scoring

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Roll is all that a rule lists at one moment, packed: 20 bytes for an IPv4
// address, 24 for an IPv6 /64. It never changes.
type Roll struct {
	v4    [Shards][]listedRow[uint32] // each sorted
	v6    [Shards][]listedRow[uint64]
	count int
	// ranges are those that are listed, in pieces where something within is
	// exempt, sorted by prefix. None of them is among the others.
	ranges []Listing
}

// listedRow is a Listing before it is unpacked.
type listedRow[K uint32 | uint64] struct {
	n          K
	until      second
	score      uint32
	reporters  uint32
	categories CategorySet
}

// Roll calls what a rule lists, which need not be one of the scoreboard's,
// exactly. It walks every incident. A shard at a time is consistent. With since,
// unless it is zero, only those count who did something that was reported at
// that moment or later, and that still counts.
func (b *Scoreboard) Roll(rule Rule, since, now time.Time) *Roll {
	at, from := secondOf(now), secondOf(since)
	roll := &Roll{}
	var reporters tally
	var newest second
	meet := func(it *item, _ uint32) {
		reporters.set(it.reporter(), 1)
		newest = max(newest, it.reported)
	}
	var pieces []rolledPiece
	number, scratch := 0, &Roll{}
	b.readShards(func(s *shard) {
		scratch.v4[0], scratch.v6[0] = scratch.v4[0][:0], scratch.v6[0][:0]
		by := s.weights.rule(rule)
		for k, p := range s.places() {
			reporters.reset()
			newest = 0
			out := s.standing(k, p.head, s.weights, by, at, meet)
			if !out.listed() || newest < from {
				continue
			}
			if k.isRange() {
				for _, piece := range b.exemptions.Load().pieces(k, at) {
					pieces = append(pieces, rolledPiece{piece, out, reporters.len()})
				}
				continue
			}
			if _, barred := b.barred(k, at); !barred {
				scratch.add(k, out, reporters.len())
			}
		}
		roll.v4[number], roll.v6[number] = sortedRows(scratch.v4[0]), sortedRows(scratch.v6[0])
		number++
	})
	roll.count = scratch.count
	roll.addRanges(pieces)
	return roll
}

// add takes a row into the first run, in no order.
func (r *Roll) add(k scoredKey, out outcome, reporters int) {
	r.count++
	if k.v6 {
		r.v6[0] = append(r.v6[0], listedRow[uint64]{k.n, out.until, out.score, uint32(reporters), out.categories})
	} else {
		r.v4[0] = append(r.v4[0], listedRow[uint32]{uint32(k.n), out.until, out.score, uint32(reporters), out.categories})
	}
}

// sortedRows returns a sorted copy that is no larger than it must be.
func sortedRows[K uint32 | uint64](rows []listedRow[K]) []listedRow[K] {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b listedRow[K]) int { return cmp.Compare(a.n, b.n) })
	return rows
}

// Len returns how many are listed.
func (r *Roll) Len() int { return r.count }

// All yields what is listed, sorted by prefix, IPv4 first.
func (r *Roll) All() iter.Seq[Listing] {
	return func(yield func(Listing) bool) {
		ranges := r.ranges
		for listing := range r.addresses() {
			for len(ranges) > 0 && ranges[0].before(listing) {
				if !yield(ranges[0]) {
					return
				}
				ranges = ranges[1:]
			}
			if !yield(listing) {
				return
			}
		}
		for _, listing := range ranges {
			if !yield(listing) {
				return
			}
		}
	}
}

// addresses yields what is listed by itself.
func (r *Roll) addresses() iter.Seq[Listing] {
	return func(yield func(Listing) bool) {
		for row := range mergeRows(r.v4[:]) {
			if !yield(row.listing(false)) {
				return
			}
		}
		for row := range mergeRows(r.v6[:]) {
			if !yield(row.listing(true)) {
				return
			}
		}
	}
}

// Listings returns a roll that holds each prefix unpacked: for lists that are
// short.
func (b *Scoreboard) Listings(rule Rule, now time.Time) []Listing {
	roll := b.Roll(rule, time.Time{}, now)
	return slices.AppendSeq(make([]Listing, 0, roll.Len()), roll.All())
}

func (r listedRow[K]) listing(v6 bool) Listing {
	return Listing{
		Prefix:     scoredKey{n: uint64(r.n), v6: v6}.prefix(),
		Score:      int(r.score),
		Reporters:  int(r.reporters),
		Categories: r.categories,
		Until:      timeOf(r.until),
	}
}

// mergeRows yields the rows of sorted runs in their order. The runs' heads
// stand in a heap, so that nothing is copied.
func mergeRows[K uint32 | uint64](runs [][]listedRow[K]) iter.Seq[listedRow[K]] {
	return func(yield func(listedRow[K]) bool) {
		var heap [][]listedRow[K]
		for _, run := range runs {
			if len(run) > 0 {
				heap = append(heap, run)
			}
		}
		slices.SortFunc(heap, func(a, b []listedRow[K]) int { return cmp.Compare(a[0].n, b[0].n) })
		for len(heap) > 0 {
			if !yield(heap[0][0]) {
				return
			}
			if heap[0] = heap[0][1:]; len(heap[0]) == 0 {
				last := len(heap) - 1
				heap[0], heap = heap[last], heap[:last]
			}
			sinkRun(heap)
		}
	}
}

// sinkRun brings the first run to where it belongs.
func sinkRun[K uint32 | uint64](heap [][]listedRow[K]) {
	for at := 0; ; {
		least := at
		for child := 2*at + 1; child <= 2*at+2 && child < len(heap); child++ {
			if heap[child][0].n < heap[least][0].n {
				least = child
			}
		}
		if least == at {
			return
		}
		heap[at], heap[least] = heap[least], heap[at]
		at = least
	}
}
