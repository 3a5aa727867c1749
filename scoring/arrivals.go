package scoring

import (
	"fmt"
	"iter"
)

// arrivals are the incidents of a shard as a ledger brought them, in any order.
// They are brought into the order of prefixes before they are put together:
// what lies apart in memory is then looked for once for each prefix.
type arrivals struct {
	items      slab
	v4, v6     []stagedEntry // a prefix, and the place of one incident among the items
	amendments map[itemIndex]*Amendment
}

// collect takes in the entries of one shard.
func collect(shard int, entries iter.Seq2[Entry, error]) (*arrivals, error) {
	a := &arrivals{amendments: map[itemIndex]*Amendment{}}
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
	i := a.items.put(newItem(entry.Incident))
	if entry.Amendment != nil {
		a.amendments[i] = entry.Amendment
	}
	e := stagedEntry{key: k.n, only: step{answer: uint32(i)}}
	if k.v6 {
		a.v6 = append(a.v6, e)
	} else {
		a.v4 = append(a.v4, e)
	}
}

// shard returns a shard that has the items of the arrivals and room for their
// prefixes, which [shard.arrived] puts together.
func (a *arrivals) shard(w *weights) *shard {
	a.v4, a.v6 = sortStaged(a.v4, 32), sortStaged(a.v6, 64)
	s := newShard(w)
	s.items = a.items
	s.v4.reserve(distinct(a.v4))
	s.v6.reserve(distinct(a.v6))
	return s
}

// distinct returns how many keys sorted entries have.
func distinct(entries []stagedEntry) int {
	n := 0
	for i := range entries {
		if i == 0 || entries[i].key != entries[i-1].key {
			n++
		}
	}
	return n
}

// arrived yields each prefix with what arrived of it, put together.
func (s *shard) arrived(a *arrivals) iter.Seq2[scoredKey, place] {
	return func(yield func(scoredKey, place) bool) {
		for family, entries := range [][]stagedEntry{a.v4, a.v6} {
			for len(entries) > 0 {
				k, p := scoredKey{entries[0].key, family == 1}, place{due: never}
				for len(entries) > 0 && entries[0].key == k.n {
					s.arrive(k, &p, itemIndex(entries[0].only.answer), a.amendments)
					entries = entries[1:]
				}
				if !yield(k, p) {
					return
				}
			}
		}
	}
}

// arrive applies what arrived as an item to a place.
func (s *shard) arrive(k scoredKey, p *place, i itemIndex, amendments map[itemIndex]*Amendment) {
	it := *s.items.at(i)
	s.items.release(i)
	s.applyItem(k, p, it, amendments[i])
}
