package scoring

import (
	"net/netip"
	"slices"
	"time"
)

// Spared returns the prefixes that the rule with this index does not list,
// although it would if nothing were exempt or void, every reporter counted in full
// and by itself, and each incident as much and as long as was ever said, by its
// report or its amendment, sorted. A reader who
// does not know what was listed when it last asked learns from it what it must
// let go before the time that it was told; some of it was never listed.
// It walks every incident; a shard at a time is consistent. Erased incidents are
// not known any more. A range that is listed in pieces is spared as a whole, and
// the pieces that it was told in before; those of before a restart are not known.
func (b *Scoreboard) Spared(rule int, now time.Time) []netip.Prefix {
	at := secondOf(now)
	var spared []scoredKey
	b.readShards(func(s *shard) {
		r, ok := s.weights.set.at(rule)
		if !ok {
			return
		}
		pieces := b.index.pieces(1<<rule, s.weights.set.rules[r].Categories, at)
		for k, p := range s.places() {
			if !k.special() && b.spares(s, k, p, s.weights.rules[r], at) && !pieceAt(pieces, k).listed() {
				spared = append(spared, k)
			}
		}
	})
	spared = append(spared, b.formerPieces(rule, at)...)
	slices.SortFunc(spared, scoredKey.compare)
	spared = slices.Compact(spared)
	prefixes := make([]netip.Prefix, len(spared))
	for i, k := range spared {
		prefixes[i] = k.prefix()
	}
	return prefixes
}

// formerPieces returns the prefixes that ranges were told in and are no more, as
// far as the rule does not list them otherwise.
func (b *Scoreboard) formerPieces(rule int, now second) []scoredKey {
	b.telling.mu.Lock()
	defer b.telling.mu.Unlock()
	set := b.weights.Load().set
	r, ok := set.at(rule)
	if !ok || len(b.telling.former) == 0 {
		return nil
	}
	categories := set.rules[r].Categories
	listed := b.index.pieces(1<<rule, categories, now)
	var former []scoredKey
	for _, pieces := range b.telling.former {
		for k := range pieces {
			own := !k.isRange() && b.index.outcome(b.index.steps(nil, k), 1<<rule, categories, now).listed()
			if !own && !pieceAt(listed, k).listed() {
				former = append(former, k)
			}
		}
	}
	return former
}

// spares tells whether a place is not listed, but would be.
func (b *Scoreboard) spares(s *shard, k scoredKey, p place, rule ruleWeight, now second) bool {
	if s.verdict(p.head, rule, now).listed() {
		if k.isRange() {
			whole := b.exemptions.Load().pieces(k, now)
			return len(whole) != 1 || whole[0] != k
		}
		_, barred := b.barred(k, now)
		return barred
	}
	if !s.hasLessened(p.head) {
		return false
	}
	var most []item
	for i := p.head; i != 0; i = s.items.at(i).next {
		as := s.items.at(i)
		it, _ := s.original(k, as)
		it.points, it.expires = max(it.points, as.points), max(it.expires, as.expires)
		if it.expires > now {
			most = append(most, it)
		}
	}
	slices.SortFunc(most, func(a, b item) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	w := walk{rule: rule}
	for i := range most {
		x := s.weights.weigh(&most[i])
		x.points, x.organisation = max(x.points, uint32(most[i].points)), most[i].reporter()
		w.take(&most[i], x)
	}
	return w.listed()
}

// hasLessened tells whether an incident of a chain may count less than it once
// did: it has an overlay, was taken back, or its reporter is not as any other.
func (s *shard) hasLessened(head itemIndex) bool {
	for i := head; i != 0; i = s.items.at(i).next {
		it := s.items.at(i)
		if it.is(flagAmended|flagVoided) || s.weights.trust.reporter(it.reporter()) != ordinary(it.reporter()) {
			return true
		}
	}
	return false
}
