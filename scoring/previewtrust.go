package scoring

import "time"

// TrustEffect is what another trust would change.
type TrustEffect struct {
	Addresses int      // scored prefixes with incidents that would count otherwise
	Incidents int      // live ones that would count otherwise, caps left aside
	Points    int      // of these, as reported or amended
	Changes   []Change // as of [Scoreboard.Preview]
	// Stays are those of the prefixes that are listed before and after, by
	// themselves or because of a range around them, for each rule that does; in
	// the order of Changes, where they may stand too. An address that leaves a
	// list by itself stays on it if a range around it does.
	Stays []Change
}

// PreviewTrust tells what [Scoreboard.SetTrust] would change, without doing it.
func (b *Scoreboard) PreviewTrust(trust Trust, now time.Time) TrustEffect {
	table, at := newTrustTable(trust), secondOf(now)
	b.control.RLock()
	policy := b.policy
	b.control.RUnlock()
	var effect TrustEffect
	p := b.preview(at, func(s *shard) *weights { return newWeights(policy, s.weights.set, table) })
	b.readShards(p.concernRanges)
	b.readShards(func(s *shard) {
		d, by := s.weights.trust.differing(table), newWeights(policy, s.weights.set, table)
		p.by = func(*shard) *weights { return by }
		preview := func(k scoredKey, here place) {
			incidents, points := s.reweighed(k, here.head, by, at)
			if incidents > 0 {
				effect.Addresses++
			}
			effect.Incidents += incidents
			effect.Points += points
			p.place(s, k, here, incidents > 0)
		}
		if !d.everywhere() {
			for _, k := range d.places {
				if here, ok := s.place(k); ok {
					preview(k, here)
				}
			}
			return
		}
		alone := map[scoredKey]struct{}{}
		for _, k := range d.places {
			alone[k] = struct{}{}
		}
		for k, here := range s.places() {
			if _, ok := alone[k]; ok || s.concerns(&d, k, here.head) {
				preview(k, here)
			}
		}
	})
	p.by = func(s *shard) *weights { return newWeights(policy, s.weights.set, table) }
	effect.Changes = p.told()
	effect.Stays = p.stayed()
	return effect
}

// reweighed counts the live items of a chain that count otherwise by other
// weights, and their points.
func (s *shard) reweighed(k scoredKey, head itemIndex, by *weights, now second) (incidents, points int) {
	for i := head; i != 0; {
		it := s.items.at(i)
		i = it.next
		if it.expires <= now {
			continue
		}
		other := *it
		other.setVoided(by.trust.voided(k, it))
		if by.weigh(&other).points != s.weights.weigh(it).points {
			incidents++
			points += int(it.points)
		}
	}
	return incidents, points
}
