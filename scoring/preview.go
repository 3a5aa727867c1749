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
	at := secondOf(now)
	var changes []logged
	var by *weights
	b.readShards(func(s *shard) {
		if by == nil || by.set != s.weights.set || by.trust != s.weights.trust {
			by = newWeights(policy, s.weights.set, s.weights.trust)
		}
		for k, p := range s.places() {
			changes = b.previewPlace(changes, s, k, p, by, at)
		}
	})
	return tellPreview(changes), nil
}

// previewPlace adds what other weights would change of a place.
func (b *Scoreboard) previewPlace(changes []logged, s *shard, k scoredKey, p place, by *weights, now second) []logged {
	for r := range by.rules {
		was := s.standing(k, p.head, s.weights, s.weights.rules[r], now, nil)
		is := s.standing(k, p.head, by, by.rules[r], now, nil)
		changes = b.appendPreview(changes, k, by.set.members[r], was, is, now)
	}
	return changes
}

// tellPreview brings changes into order.
func tellPreview(changes []logged) []Change {
	slices.SortFunc(changes, func(a, b logged) int {
		return cmp.Or(a.key.compare(b.key), cmp.Compare(a.rule, b.rule))
	})
	told := make([]Change, len(changes))
	for i, c := range changes {
		told[i] = c.change(0)
	}
	return told
}

// appendPreview adds the change from one outcome of a distinct rule to
// another, if it is one, for each rule that it stands for.
func (b *Scoreboard) appendPreview(changes []logged, k scoredKey, places []int, was, is outcome, now second) []logged {
	if !was.listed() && !is.listed() || was == is {
		return changes
	}
	if _, barred := b.barred(k, now); barred {
		return changes
	}
	if !was.listed() {
		was = outcome{}
	}
	if !is.listed() {
		is = outcome{}
	}
	for _, rule := range places {
		changes = append(changes, logged{key: k, at: now, rule: int32(rule), old: was, new: is})
	}
	return changes
}
