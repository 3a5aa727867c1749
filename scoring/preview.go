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
		if by == nil || by.set != s.weights.set {
			by = newWeights(policy, s.weights.set)
		}
		for k, p := range s.places() {
			for r := range by.rules {
				was := s.standing(p.head, s.weights, s.weights.rules[r], at, nil)
				is := s.standing(p.head, by, by.rules[r], at, nil)
				changes = b.appendPreview(changes, k, by.set.members[r], was, is, at)
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
	return told, nil
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
