package scoring

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gaissmai/bart"
)

// rangeTable is what an index knows of ranges. Its steps do not regard
// exemptions: those are asked about each address that a range would list, so
// that an exemption within a range needs no work here. Readers take no lock: the
// table of ranges is swapped whole, and shares with the one before what stayed.
//
// Nearly no address lies in a range. A bit for each /16 of IPv4, and for each
// /32 of IPv6 by its hash, tells that some range touches it; all other look-ups
// read that bit and nothing else.
type rangeTable struct {
	v4, v6     touched
	steps      atomic.Pointer[bart.Table[*rangeSteps]] // nil: never written
	exemptions atomic.Pointer[exemptions]
	version    atomic.Uint64

	mu sync.Mutex // of writers
}

// rangeSteps are the steps of one range.
type rangeSteps struct {
	key   scoredKey
	steps []step
}

// touched has a bit for each of 65,536 parts of an address family.
type touched struct {
	bits   [1 << 16 / 64]atomic.Uint64
	ranges map[uint16]int // of each part, under the lock of the table
}

func (t *touched) has(part uint16) bool { return t.bits[part/64].Load()>>(part%64)&1 != 0 }

// count takes notice of one range more, or less.
func (t *touched) count(part uint16, by int) {
	if t.ranges == nil {
		t.ranges = map[uint16]int{}
	}
	bit := uint64(1) << (part % 64)
	if t.ranges[part] += by; t.ranges[part] > 0 {
		t.bits[part/64].Or(bit)
		return
	}
	delete(t.ranges, part)
	t.bits[part/64].And(^bit)
}

// part4 and part6 return the part that an address or a range belongs to.
func part4(ip uint32) uint16 { return uint16(ip >> 16) }

func part6(hi uint64) uint16 { return uint16(mix(hi >> 32)) }

// touches tells whether a range may cover an address.
func (r *rangeTable) touches(k scoredKey) bool {
	if k.v6 {
		return r.v6.has(part6(k.n))
	}
	return r.v4.has(part4(uint32(k.n)))
}

// narrowest returns the narrowest range around a key; nil: there is none.
func (r *rangeTable) narrowest(k scoredKey) *rangeSteps {
	all := r.steps.Load()
	if all == nil || !r.touches(k) {
		return nil
	}
	if !k.isRange() {
		found, _ := all.Lookup(k.addr())
		return found
	}
	return r.wider(k)
}

// wider returns the next range around a key that is wider; nil: there is none.
func (r *rangeTable) wider(k scoredKey) *rangeSteps {
	if int(k.wider) >= k.widest() {
		return nil
	}
	_, found, _ := r.steps.Load().LookupPrefixLPM(k.within(k.wider + 1).prefix())
	return found
}

// of returns the steps of a range itself.
func (r *rangeTable) of(k scoredKey) []step {
	if all := r.steps.Load(); all != nil {
		if found, ok := all.Get(k.prefix()); ok {
			return found.steps
		}
	}
	return nil
}

// set stores the steps of a range; none, or a range that is special, take it
// out.
func (r *rangeTable) set(k scoredKey, steps []step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.special() {
		steps = nil
	}
	r.put(k, steps)
}

func (r *rangeTable) put(k scoredKey, steps []step) {
	all := r.steps.Load()
	if all == nil {
		all = &bart.Table[*rangeSteps]{}
	}
	known, is := all.Get(k.prefix())
	switch {
	case !is && len(steps) == 0, is && slices.Equal(known.steps, steps):
		return
	case len(steps) == 0:
		r.steps.Store(all.DeletePersist(k.prefix()))
		r.count(k, -1)
	default:
		if !is {
			r.count(k, 1)
		}
		r.steps.Store(all.InsertPersist(k.prefix(), &rangeSteps{k, slices.Clone(steps)}))
	}
	r.version.Add(1)
}

func (r *rangeTable) count(k scoredKey, by int) {
	if k.v6 {
		r.v6.count(part6(k.n), by)
	} else {
		r.v4.count(part4(uint32(k.n)), by)
	}
}

// replace puts ranges in the place of all those of a shard.
func (r *rangeTable) replace(shard int, fresh []rangeSteps) {
	r.mu.Lock()
	defer r.mu.Unlock()
	keep := map[scoredKey]bool{}
	for _, f := range fresh {
		keep[f.key] = true
	}
	for _, known := range r.sorted() {
		if known.key.shard() == shard && !keep[known.key] {
			r.put(known.key, nil)
		}
	}
	for _, f := range fresh {
		if !f.key.special() {
			r.put(f.key, f.steps)
		}
	}
}

// sweep takes out what has ended.
func (r *rangeTable) sweep(now second) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, known := range r.sorted() {
		r.put(known.key, after(known.steps, now))
	}
}

func (r *rangeTable) len() int {
	if all := r.steps.Load(); all != nil {
		return all.Size()
	}
	return 0
}

// sorted returns all ranges in the order of prefixes.
func (r *rangeTable) sorted() []*rangeSteps {
	all := r.steps.Load()
	if all == nil {
		return nil
	}
	ranges := make([]*rangeSteps, 0, all.Size())
	for _, known := range all.All() {
		ranges = append(ranges, known)
	}
	slices.SortFunc(ranges, func(a, b *rangeSteps) int { return a.key.compare(b.key) })
	return ranges
}

// exempt makes other exemptions hold for what ranges list.
func (r *rangeTable) exempt(set *exemptions) {
	r.exemptions.Store(set)
	r.version.Add(1)
}

// barred tells whether no range may list an address at a moment.
func (r *rangeTable) barred(k scoredKey, now second) bool {
	return k.special() || r.exemptions.Load().holds(k.addr(), now)
}
