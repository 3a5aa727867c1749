package scoring

import (
	"fmt"
	"iter"
)

// arrivals are the incidents of a shard as a ledger brought them, in any order.
// They are brought into the order of prefixes before they are put together:
// what lies apart in memory is then looked for once for each prefix. They are
// dealt into regions as they come, so small that ordering one stays within the
// processor's cache.
type arrivals struct {
	v4         [regions]pile[arrival[uint32]]
	v6         [regions]pile[arrival[uint64]]
	n4, n6     int // arrivals of each family
	ranges     map[scoredKey][]item
	amendments []*Amendment
}

// regions divide the address space by the first octet.
const regions = 1 << 8

// arrival is one incident. Until it joins a chain, the item's next is the
// number of its amendment, from 1; 0: it has none.
type arrival[K uint32 | uint64] struct {
	key  K
	item item
}

// collect takes in the entries of one shard.
func collect(shard int, entries iter.Seq2[Entry, error]) (*arrivals, error) {
	a := &arrivals{}
	for entry, err := range entries {
		if err != nil {
			return nil, err
		}
		k, ok := keyOfScored(entry.Prefix)
		if !ok {
			continue
		}
		if k.shard() != shard {
			return nil, fmt.Errorf("entry %s/%s belongs to shard %d", entry.Prefix, entry.ID, k.shard())
		}
		a.add(k, entry)
	}
	return a, nil
}

func (a *arrivals) add(k scoredKey, entry Entry) {
	it := newItem(entry.Incident)
	if entry.Amendment != nil {
		a.amendments = append(a.amendments, entry.Amendment)
		it.next = itemIndex(len(a.amendments))
	}
	switch {
	case k.isRange():
		if a.ranges == nil {
			a.ranges = map[scoredKey][]item{}
		}
		a.ranges[k] = append(a.ranges[k], it)
	case k.v6:
		a.v6[k.n>>56].add(arrival[uint64]{k.n, it})
		a.n6++
	default:
		a.v4[k.n>>24].add(arrival[uint32]{uint32(k.n), it})
		a.n4++
	}
}

// arrived yields each prefix with what arrived of it, put together, ranges last.
// The arrivals are gone afterwards.
func (s *shard) arrived(a *arrivals) iter.Seq2[scoredKey, place] {
	return func(yield func(scoredKey, place) bool) {
		order4 := arrivalOrder[uint32]{amendments: a.amendments}
		for i := range a.v4 {
			if order4.sort(&a.v4[i], 24); !order4.arrive(s, false, yield) {
				return
			}
		}
		order6 := arrivalOrder[uint64]{amendments: a.amendments}
		for i := range a.v6 {
			if order6.sort(&a.v6[i], 56); !order6.arrive(s, true, yield) {
				return
			}
		}
		for k, items := range a.ranges {
			p := place{due: never}
			for _, it := range items {
				order6.apply(s, k, &p, it)
			}
			if !yield(k, p) {
				return
			}
		}
	}
}

// arrivalOrder brings the arrivals of one region after another into order.
type arrivalOrder[K uint32 | uint64] struct {
	items      []item
	order      []stagedEntry // keys, and the place of an item each
	amendments []*Amendment
}

// sort takes over a region whose keys differ in so many bits.
func (o *arrivalOrder[K]) sort(region *pile[arrival[K]], bits int) {
	o.items, o.order = o.items[:0], o.order[:0]
	for _, chunk := range region.chunks {
		for i := range chunk {
			o.order = append(o.order, stagedEntry{key: uint64(chunk[i].key), only: step{answer: uint32(len(o.items))}})
			o.items = append(o.items, chunk[i].item)
		}
	}
	*region = pile[arrival[K]]{}
	o.order = sortStaged(o.order, bits)
}

// arrive puts each prefix together.
func (o *arrivalOrder[K]) arrive(s *shard, v6 bool, yield func(scoredKey, place) bool) bool {
	for entries := o.order; len(entries) > 0; {
		k, p := scoredKey{n: entries[0].key, v6: v6}, place{due: never}
		for len(entries) > 0 && entries[0].key == k.n {
			o.apply(s, k, &p, o.items[entries[0].only.answer])
			entries = entries[1:]
		}
		if !yield(k, p) {
			return false
		}
	}
	return true
}

func (o *arrivalOrder[K]) apply(s *shard, k scoredKey, p *place, it item) {
	var amendment *Amendment
	if it.next != 0 {
		amendment = o.amendments[it.next-1]
		it.next = 0
	}
	s.applyItem(k, p, it, amendment)
}
