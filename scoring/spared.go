package scoring

import (
	"net/netip"
	"slices"
	"time"
)

// Spared returns the prefixes that the rule with this index does not list,
// although it would if no incident had been amended or withdrawn and nothing
// were exempt, sorted. A reader who does not know what was listed when it last
// asked learns from it what it must let go before the time that it was told.
// It walks every incident; a shard at a time is consistent. Erased incidents are
// not known any more.
func (b *Scoreboard) Spared(rule int, now time.Time) []netip.Prefix {
	at := secondOf(now)
	var spared []scoredKey
	b.readShards(func(s *shard) {
		r, ok := s.weights.set.at(rule)
		if !ok {
			return
		}
		for k, p := range s.places() {
			if !k.special() && b.spares(s, k, p, s.weights.rules[r], at) {
				spared = append(spared, k)
			}
		}
	})
	slices.SortFunc(spared, scoredKey.compare)
	prefixes := make([]netip.Prefix, len(spared))
	for i, k := range spared {
		prefixes[i] = k.prefix()
	}
	return prefixes
}

// spares tells whether a place is not listed, but would be.
func (b *Scoreboard) spares(s *shard, k scoredKey, p place, rule ruleWeight, now second) bool {
	if s.verdict(p.head, rule, now).listed() {
		_, barred := b.barred(k, now)
		return barred
	}
	if !s.hasAmended(p.head) {
		return false
	}
	var unamended []item
	for i := p.head; i != 0; i = s.items.at(i).next {
		if it, _ := s.original(k, s.items.at(i)); it.expires > now {
			unamended = append(unamended, it)
		}
	}
	slices.SortFunc(unamended, func(a, b item) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	w := walk{rule: rule}
	for i := range unamended {
		w.take(&unamended[i], s.weights.kind(unamended[i].kind()))
	}
	return w.listed()
}

// hasAmended tells whether an incident of a chain has an overlay.
func (s *shard) hasAmended(head itemIndex) bool {
	for i := head; i != 0; i = s.items.at(i).next {
		if s.items.at(i).is(flagAmended) {
			return true
		}
	}
	return false
}
