package scoring

import (
	"slices"
	"time"
)

// listedPlace is a Listing before it is unpacked.
type listedPlace struct {
	key       scoredKey
	reporters uint32
	outcome
}

// Listings returns all that a rule lists, which need not be one of the
// scoreboard's, exactly, sorted by prefix, IPv4 first. It walks every
// incident. A shard at a time is consistent.
func (b *Scoreboard) Listings(rule Rule, now time.Time) []Listing {
	at := secondOf(now)
	var listed []listedPlace
	var reporters tally
	meet := func(it *item, _ uint32) { reporters.set(it.reporter(), 1) }
	b.readShards(func(s *shard) {
		by := s.weights.rule(rule)
		for k, p := range s.places() {
			reporters.reset()
			out := s.standing(p.head, s.weights, by, at, meet)
			if !out.listed() {
				continue
			}
			if _, barred := b.barred(k, at); !barred {
				listed = append(listed, listedPlace{k, uint32(reporters.len()), out})
			}
		}
	})
	slices.SortFunc(listed, func(a, b listedPlace) int { return a.key.compare(b.key) })
	listings := make([]Listing, len(listed))
	for i, l := range listed {
		listings[i] = Listing{
			Prefix:     l.key.prefix(),
			Score:      int(l.score),
			Reporters:  int(l.reporters),
			Categories: l.categories,
			Until:      timeOf(l.until),
		}
	}
	return listings
}
