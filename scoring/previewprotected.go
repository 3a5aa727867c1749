package scoring

import (
	"cmp"
	"slices"
	"time"

	"github.com/gaissmai/bart"
)

// PreviewProtected tells what [Scoreboard.SetProtected] would change, without
// doing it: sorted by prefix and rule, with the version 0.
func (b *Scoreboard) PreviewProtected(sets []ProtectedSet, now time.Time) []Change {
	b.control.RLock() // rules must stay what they are meanwhile
	defer b.control.RUnlock()
	at, present := secondOf(now), b.exemptions.Load()
	drafted := present.with(newProtected(sets))
	var within bart.Lite
	for _, prefix := range present.differing(drafted) {
		within.Insert(prefix)
	}
	if within.Size() == 0 {
		return nil
	}
	p := protectedPreview{
		present: present, drafted: drafted, within: &within, now: at,
		told: map[scoredKey]*before{},
	}
	b.readShards(p.ranges)
	b.readShards(p.addresses)
	return p.changes(b.weights.Load().set)
}

// protectedPreview sums up what is told of each prefix now and would be told: of
// one prefix there may be an address of its own and pieces of several ranges.
type protectedPreview struct {
	present, drafted *exemptions
	within           *bart.Lite // what only one of them exempts
	now              second
	told             map[scoredKey]*before
}

// before is what each distinct rule makes of a prefix, and would make of it.
type before struct{ was, is []outcome }

// ranges takes in the pieces of all ranges: an address outside what differs may
// still be a piece of a range that reaches into it.
func (p *protectedPreview) ranges(s *shard) {
	for k, at := range s.ranges.places {
		p.take(s, k, at)
	}
}

// addresses takes in the addresses that are protected otherwise, or that are told
// together with a piece. Ranges were taken in before.
func (p *protectedPreview) addresses(s *shard) {
	for k, at := range s.places() {
		if _, shared := p.told[k]; !k.isRange() && (shared || p.within.OverlapsPrefix(k.prefix())) {
			p.take(s, k, at)
		}
	}
}

// take adds what a place says of its pieces. An address is its only piece.
func (p *protectedPreview) take(s *shard, k scoredKey, at place) {
	outcomes := make([]outcome, len(s.weights.rules))
	for r, rule := range s.weights.rules {
		outcomes[r] = s.standing(k, at.head, s.weights, rule, p.now, nil).ifListed()
	}
	for _, piece := range p.present.pieces(k, p.now) {
		joinInto(p.of(piece, len(outcomes)).was, outcomes)
	}
	for _, piece := range p.drafted.pieces(k, p.now) {
		joinInto(p.of(piece, len(outcomes)).is, outcomes)
	}
}

func (p *protectedPreview) of(k scoredKey, rules int) *before {
	sum := p.told[k]
	if sum == nil {
		sum = &before{make([]outcome, rules), make([]outcome, rules)}
		p.told[k] = sum
	}
	return sum
}

func joinInto(sum, outcomes []outcome) {
	for r := range sum {
		sum[r] = sum[r].or(outcomes[r])
	}
}

// changes returns what would be delisted or listed, in order.
func (p *protectedPreview) changes(set *ruleSet) []Change {
	var changes []logged
	for k, sum := range p.told {
		for r, places := range set.members {
			change := logged{key: k, at: p.now, old: sum.was[r], new: sum.is[r]}
			if change.old.listed() == change.new.listed() {
				continue
			}
			if change.old.listed() {
				change.exemption = p.drafted.around(k, p.now)
			}
			for _, place := range places {
				change.rule = int32(place)
				changes = append(changes, change)
			}
		}
	}
	slices.SortFunc(changes, func(a, b logged) int {
		return cmp.Or(a.key.compare(b.key), cmp.Compare(a.rule, b.rule))
	})
	told := make([]Change, len(changes))
	for i, c := range changes {
		told[i] = c.change(0)
	}
	return told
}
