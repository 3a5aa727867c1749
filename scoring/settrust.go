package scoring

import (
	"slices"
	"time"
)

// trustDifference is what two trusts do not agree about.
type trustDifference struct {
	reporters map[ReporterNumber]struct{} // whose weight or organisation differs
	voids     *voidSet                    // those that only one has, but for …
	places    []scoredKey                 // … those of one scored prefix
}

// differing compares a trust with another.
func (t *trustTable) differing(other *trustTable) trustDifference {
	d := trustDifference{reporters: map[ReporterNumber]struct{}{}}
	for number := range max(len(t.reporters), len(other.reporters)) {
		n := ReporterNumber(number)
		if t.reporter(n).percent != other.reporter(n).percent ||
			t.given.Reporters[n].Organisation != other.given.Reporters[n].Organisation {
			d.reporters[n] = struct{}{}
		}
	}
	var wide []Void
	for _, v := range differingVoids(t.given.Voids, other.given.Voids) {
		prefix, ok := widen(v.Prefix)
		if ok && prefix == PrefixOf(prefix.Addr()) {
			d.places = append(d.places, keyOf(prefix.Addr()))
		} else {
			wide = append(wide, v)
		}
	}
	slices.SortFunc(d.places, scoredKey.compare)
	d.places = slices.Compact(d.places)
	d.voids = newVoidSet(wide)
	return d
}

// everywhere tells whether any prefix may be concerned.
func (d *trustDifference) everywhere() bool { return len(d.reporters) > 0 || !d.voids.empty() }

// concerns tells whether a chain has an item that the trusts do not agree
// about, the voids of single prefixes left aside.
func (s *shard) concerns(d *trustDifference, k scoredKey, head itemIndex) bool {
	voids := !d.voids.empty()
	for i := head; i != 0; {
		it := s.items.at(i)
		if _, differs := d.reporters[it.reporter()]; differs {
			return true
		}
		if voids && d.voids.covers(k.prefix(), it) {
			return true
		}
		i = it.next
	}
	return false
}

// SetTrust makes everything count by another trust. It recounts what that
// concerns alone. While it works, shards that are not yet done still count by
// the old one.
func (b *Scoreboard) SetTrust(now time.Time, trust Trust) {
	b.control.Lock()
	defer b.control.Unlock()
	old, table := b.weights.Load(), newTrustTable(trust)
	d := old.trust.differing(table)
	w := newWeights(b.policy, old.set, table)
	b.weights.Store(w)
	at := secondOf(now)
	places := map[int][]scoredKey{}
	for _, k := range d.places {
		places[k.shard()] = append(places[k.shard()], k)
	}
	for number := range b.shards {
		b.recountShard(number, w, &d, places[number], at)
	}
	b.tellRanges(at)
}

// recountShard makes a shard count by another trust.
func (b *Scoreboard) recountShard(number int, w *weights, d *trustDifference, places []scoredKey, now second) {
	locked := &b.shards[number]
	locked.mu.Lock()
	defer locked.mu.Unlock()
	s := locked.shard
	s.weights = w
	for _, k := range places {
		if p, ok := s.place(k); ok {
			s.revoid(k, &p)
			b.settle(s, k, &p, now, nil)
		}
	}
	if !d.everywhere() {
		return
	}
	for k, p := range s.places() {
		if s.concerns(d, k, p.head) {
			s.revoid(k, &p)
			b.settle(s, k, &p, now, nil)
		}
	}
}

// revoid decides anew which items of a place were taken back, and what to keep.
func (s *shard) revoid(k scoredKey, p *place) {
	for i := p.head; i != 0; {
		it := s.items.at(i)
		it.setVoided(s.weights.trust.voided(k, it))
		i = it.next
	}
	p.head = s.rebuild(p.head, 0)
}
