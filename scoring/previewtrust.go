package scoring

import "time"

// TrustEffect is what another trust would change.
type TrustEffect struct {
	Addresses int      // scored prefixes with incidents that would count otherwise
	Incidents int      // live ones that would count otherwise, caps left aside
	Points    int      // of these, as reported or amended
	Changes   []Change // as of [Scoreboard.Preview]
}

// PreviewTrust tells what [Scoreboard.SetTrust] would change, without doing it.
func (b *Scoreboard) PreviewTrust(trust Trust, now time.Time) TrustEffect {
	table, at := newTrustTable(trust), secondOf(now)
	b.control.RLock()
	policy := b.policy
	b.control.RUnlock()
	var effect TrustEffect
	var changes []logged
	b.readShards(func(s *shard) {
		d, by := s.weights.trust.differing(table), newWeights(policy, s.weights.set, table)
		preview := func(k scoredKey, p place) {
			incidents, points := s.reweighed(k, p.head, by, at)
			if incidents > 0 {
				effect.Addresses++
			}
			effect.Incidents += incidents
			effect.Points += points
			changes = b.previewPlace(changes, s, k, p, by, at)
		}
		if !d.everywhere() {
			for _, k := range d.places {
				if p, ok := s.place(k); ok {
					preview(k, p)
				}
			}
			return
		}
		alone := map[scoredKey]struct{}{}
		for _, k := range d.places {
			alone[k] = struct{}{}
		}
		for k, p := range s.places() {
			if _, ok := alone[k]; ok || s.concerns(&d, k, p.head) {
				preview(k, p)
			}
		}
	})
	effect.Changes = tellPreview(changes)
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
