package scoring

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// staying is a concerned prefix that a rule lists before and after.
type staying struct {
	logged
	by     scoredKey // the narrowest range that lists it after
	within bool      // there is one
	own    bool      // it is listed after without that range
}

// concernRanges asks what stays of the ranges of which an incident would count
// otherwise. They are told in pieces.
func (p *previewing) concernRanges(s *shard) {
	by := p.by(s)
	for k, here := range s.ranges.places {
		if incidents, _ := s.reweighed(k, here.head, by, p.now); incidents == 0 {
			continue
		}
		for _, piece := range p.board.exemptions.Load().pieces(k, p.now) {
			p.concerned[piece] = struct{}{}
		}
	}
}

// stay takes in a prefix that one distinct rule lists before and after: by
// itself, or because of a range around it. was and is are what is told of it.
func (p *previewing) stay(k scoredKey, r int, places []int, was, is outcome) {
	s := staying{own: is.listed()}
	for wider := int(k.wider) + 1; wider <= k.widest() && len(p.ranges) > 0; wider++ {
		around, ok := p.ranges[k.within(uint8(wider))]
		if !ok {
			continue
		}
		was, is = was.or(around.was[r]), is.or(around.is[r])
		if around.is[r].listed() && !s.within {
			s.by, s.within = k.within(uint8(wider)), true
		}
	}
	if !was.listed() || !is.listed() {
		return
	}
	for _, rule := range places {
		s.logged = logged{key: k, at: p.now, rule: int32(rule), old: was, new: is}
		p.stays = append(p.stays, s)
	}
}

// stayed returns what stays listed in its order.
func (p *previewing) stayed() []Change {
	slices.SortFunc(p.stays, func(a, b staying) int {
		return cmp.Or(a.key.compare(b.key), cmp.Compare(a.rule, b.rule))
	})
	changes := make([]Change, len(p.stays))
	for i, s := range p.stays {
		if changes[i] = s.change(0); s.within {
			changes[i].New = changes[i].New.named(s.by, s.own)
		}
	}
	return changes
}

// Concerns tells whether a void takes back an incident that has not expired,
// withdrawn or not: whether anything would be different without it, now or
// later.
func (b *Scoreboard) Concerns(void Void, now time.Time) bool {
	set, at, found := newVoidSet([]Void{void}), secondOf(now), false
	b.readShards(func(s *shard) {
		for k, p := range s.places() {
			if found {
				return
			}
			found = s.takesBack(set, k, p.head, at)
		}
	})
	return found
}

func (s *shard) takesBack(set *voidSet, k scoredKey, head itemIndex, now second) bool {
	for i := head; i != 0; {
		it := s.items.at(i)
		if s.keepUntil(k, it) > now && set.covers(k.prefix(), it) {
			return true
		}
		i = it.next
	}
	return false
}

// Backers tells of whose incidents of each scored prefix something counts by
// another trust, caps left aside: in the order of the numbers.
func (b *Scoreboard) Backers(prefixes []netip.Prefix, trust Trust, now time.Time) [][]ReporterNumber {
	table, at := newTrustTable(trust), secondOf(now)
	b.control.RLock()
	by := newWeights(b.policy, b.weights.Load().set, table)
	b.control.RUnlock()
	backers := make([][]ReporterNumber, len(prefixes))
	for i, prefix := range prefixes {
		k, ok := keyOfScored(prefix)
		if !ok {
			continue
		}
		locked := &b.shards[k.shard()]
		locked.mu.RLock()
		p, _ := locked.place(k)
		backers[i] = locked.backers(k, p.head, by, at)
		locked.mu.RUnlock()
	}
	return backers
}

func (s *shard) backers(k scoredKey, head itemIndex, by *weights, now second) []ReporterNumber {
	var backers []ReporterNumber
	for i := head; i != 0; {
		other := *s.items.at(i)
		i = other.next
		other.setVoided(by.trust.voided(k, &other))
		if other.expires > now && by.weigh(&other).points > 0 {
			backers = append(backers, other.reporter())
		}
	}
	slices.Sort(backers)
	return slices.Compact(backers)
}
