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
	at, present := secondOf(now), b.exemptions.Load()
	drafted := present.with(newProtected(sets))
	var within bart.Lite
	for _, prefix := range present.differing(drafted) {
		within.Insert(prefix)
	}
	if within.Size() == 0 {
		return nil
	}
	var changes []logged
	b.readShards(func(s *shard) {
		for k, p := range s.places() {
			if !within.OverlapsPrefix(k.prefix()) {
				continue
			}
			was, is := present.pieces(k, at), drafted.pieces(k, at)
			for _, piece := range was {
				if !slices.Contains(is, piece) {
					changes = s.appendSpared(changes, k, p, logged{key: piece, at: at, exemption: drafted.around(piece, at)}, true)
				}
			}
			for _, piece := range is {
				if !slices.Contains(was, piece) {
					changes = s.appendSpared(changes, k, p, logged{key: piece, at: at}, false)
				}
			}
		}
	})
	slices.SortFunc(changes, func(a, b logged) int {
		return cmp.Or(a.key.compare(b.key), cmp.Compare(a.rule, b.rule))
	})
	told := make([]Change, len(changes))
	for i, c := range changes {
		told[i] = c.change(0)
	}
	return told
}

// appendSpared adds a change for each rule by which a place has enough points: a
// piece of it is delisted, or listed.
func (s *shard) appendSpared(changes []logged, k scoredKey, p place, change logged, delisted bool) []logged {
	for r, rule := range s.weights.rules {
		out := s.standing(k, p.head, s.weights, rule, change.at, nil)
		if !out.listed() {
			continue
		}
		change.old, change.new = outcome{}, out
		if delisted {
			change.old, change.new = out, outcome{}
		}
		for _, place := range s.weights.set.members[r] {
			change.rule = int32(place)
			changes = append(changes, change)
		}
	}
	return changes
}
