package scoring

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Preview tells what [Scoreboard.SetPolicy] would change, without doing it:
// sorted by prefix and rule, with the version 0.
func (b *Scoreboard) Preview(policy Policy, now time.Time) ([]Change, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	var by *weights
	p := b.preview(secondOf(now), func(s *shard) *weights {
		if by == nil || by.set != s.weights.set || by.trust != s.weights.trust {
			by = newWeights(policy, s.weights.set, s.weights.trust)
		}
		return by
	})
	b.readShards(func(s *shard) {
		for k, at := range s.places() {
			p.place(s, k, at, false)
		}
	})
	return p.told(), nil
}

// previewing collects what would change if everything counted by other weights.
type previewing struct {
	board   *Scoreboard
	now     second
	by      func(s *shard) *weights
	shares  map[scoredKey][]previewed // of ranges, in what is told of their pieces
	ranges  map[scoredKey]previewed   // all of them, whole
	space   previewed
	changes []logged
	// concerned are the pieces of ranges of which it is asked what stays, stays
	// is what does.
	concerned map[scoredKey]struct{}
	stays     []staying
}

// previewed is what each distinct rule makes of a prefix, and would make of it.
type previewed struct {
	by      *weights
	was, is []outcome
}

// preview begins with the ranges, because an address within may be a piece of
// one. by returns the other weights for a shard.
func (b *Scoreboard) preview(now second, by func(s *shard) *weights) *previewing {
	p := &previewing{
		board: b, now: now, by: by,
		shares: map[scoredKey][]previewed{}, ranges: map[scoredKey]previewed{}, concerned: map[scoredKey]struct{}{},
	}
	b.readShards(func(s *shard) {
		for k, at := range s.ranges.places {
			made := p.of(s, k, at)
			made.was, made.is = slices.Clone(made.was), slices.Clone(made.is)
			p.ranges[k] = made
			for _, piece := range b.exemptions.Load().pieces(k, now) {
				p.shares[piece] = append(p.shares[piece], made)
			}
		}
	})
	return p
}

// of walks a place by both weights. What it returns is good until the next call.
func (p *previewing) of(s *shard, k scoredKey, at place) previewed {
	made := previewed{p.by(s), p.space.was[:0], p.space.is[:0]}
	for r := range made.by.rules {
		made.was = append(made.was, s.standing(k, at.head, s.weights, s.weights.rules[r], p.now, nil).ifListed())
		made.is = append(made.is, s.standing(k, at.head, made.by, made.by.rules[r], p.now, nil).ifListed())
	}
	p.space = made
	return made
}

// place takes in what would change of an address; if it is concerned, also what
// stays. Ranges were taken in before.
func (p *previewing) place(s *shard, k scoredKey, at place, concerned bool) {
	if k.isRange() {
		return
	}
	made := p.of(s, k, at)
	if _, barred := p.board.barred(k, p.now); barred {
		return
	}
	_, piece := p.concerned[k]
	p.add(k, append(p.shares[k], made), concerned || piece)
	delete(p.shares, k)
}

// add takes in the change from all that is said of a prefix to what would be, for
// each rule, and what stays if that is asked.
func (p *previewing) add(k scoredKey, all []previewed, concerned bool) {
	for r, places := range all[0].by.set.members {
		var was, is outcome
		for _, made := range all {
			was, is = was.or(made.was[r]), is.or(made.is[r])
		}
		if concerned {
			p.stay(k, r, places, was, is)
		}
		if was == is {
			continue
		}
		for _, rule := range places {
			p.changes = append(p.changes, logged{key: k, at: p.now, rule: int32(rule), old: was, new: is})
		}
	}
}

// told takes in the pieces of ranges that are no address which was taken in, and
// returns all changes in their order.
func (p *previewing) told() []Change {
	for k, shares := range p.shares {
		locked := &p.board.shards[k.shard()]
		locked.mu.RLock()
		if at, ok := locked.place(k); ok && !k.isRange() {
			shares = append(shares, p.of(locked.shard, k, at))
		}
		locked.mu.RUnlock()
		_, concerned := p.concerned[k]
		p.add(k, shares, concerned)
	}
	slices.SortFunc(p.changes, func(a, b logged) int {
		return cmp.Or(a.key.compare(b.key), cmp.Compare(a.rule, b.rule))
	})
	told := make([]Change, len(p.changes))
	for i, c := range p.changes {
		told[i] = c.change(0)
	}
	return told
}
