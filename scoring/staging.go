package scoring

import (
	"fmt"
	"slices"
)

// staging collects the steps of many prefixes for an ordered build of an
// index, which costs a fraction of setting one after another.
type staging struct {
	v4, v6 []stagedEntry
	more   []step
	ranges []rangeSteps
}

// stagedEntry is one prefix: its key within the index, and its only step, or
// the place of its steps.
type stagedEntry struct {
	key  uint64
	only step // the answer manySteps: until is a place in staging.more
}

// manySteps marks what is no answer. At its place stands a step that counts
// the steps behind it.
const manySteps = ^uint32(0)

// newStaging returns an empty staging with room for so many prefixes.
func newStaging(v4, v6 int) *staging {
	return &staging{v4: make([]stagedEntry, 0, v4), v6: make([]stagedEntry, 0, v6)}
}

// add takes in the steps of a prefix.
func (g *staging) add(x *Index, k scoredKey, steps []step) {
	if len(steps) == 0 {
		return
	}
	if k.isRange() {
		g.ranges = append(g.ranges, rangeSteps{k, slices.Clone(steps)})
		return
	}
	e := stagedEntry{key: x.key(k), only: steps[0]}
	if len(steps) > 1 {
		e.only = step{manySteps, uint32(len(g.more))}
		g.more = append(g.more, step{until: uint32(len(steps))})
		g.more = append(g.more, steps...)
	}
	if k.v6 {
		g.v6 = append(g.v6, e)
	} else {
		g.v4 = append(g.v4, e)
	}
}

func (e stagedEntry) steps(steps, more []step) []step {
	if e.only.answer != manySteps {
		return append(steps, e.only)
	}
	at := e.only.until
	return append(steps, more[at+1:at+1+more[at].until]...)
}

// sort brings all into the order of an index. A prefix that was added twice
// is an error.
func (g *staging) sort(x *Index) error {
	g.v4 = sortStaged(g.v4, bucketBits+layout4.keyBits)
	g.v6 = sortStaged(g.v6, bucketBits+layout6.keyBits)
	for v6, entries := range map[bool][]stagedEntry{false: g.v4, true: g.v6} {
		for i := 1; i < len(entries); i++ {
			if entries[i-1].key == entries[i].key {
				return fmt.Errorf("prefix %s comes twice", x.unkey(entries[i].key, v6).prefix())
			}
		}
	}
	slices.SortFunc(g.ranges, func(a, b rangeSteps) int { return a.key.compare(b.key) })
	for i := 1; i < len(g.ranges); i++ {
		if g.ranges[i-1].key == g.ranges[i].key {
			return fmt.Errorf("prefix %s comes twice", g.ranges[i].key.prefix())
		}
	}
	return nil
}

// drop takes out what a function tells.
func (g *staging) drop(x *Index, out func(k scoredKey, steps []step) bool) {
	var space []step
	dropOf := func(entries []stagedEntry, v6 bool) []stagedEntry {
		return slices.DeleteFunc(entries, func(e stagedEntry) bool {
			space = e.steps(space[:0], g.more)
			return out(x.unkey(e.key, v6), space)
		})
	}
	g.v4, g.v6 = dropOf(g.v4, false), dropOf(g.v6, true)
	g.ranges = slices.DeleteFunc(g.ranges, func(r rangeSteps) bool { return out(r.key, r.steps) })
}

// join takes in what was staged elsewhere, sorted and without a prefix that is
// here already.
func (g *staging) join(x *Index, other *staging) {
	for v6, entries := range map[bool][]stagedEntry{false: other.v4, true: other.v6} {
		for _, e := range entries {
			g.add(x, x.unkey(e.key, v6), e.steps(nil, other.more))
		}
	}
	g.ranges = append(g.ranges, other.ranges...)
	if len(other.v4)+len(other.v6)+len(other.ranges) > 0 {
		_ = g.sort(x) // nothing comes twice
	}
}
