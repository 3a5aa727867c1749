package scoring

import (
	"fmt"
	"slices"
)

// MaxRules is how many rules a board may have: the bits of Answer.Listed.
const MaxRules = 64

// ruleSet is the caller's rules by their places, equal ones told apart only by
// their place. It never changes once made.
type ruleSet struct {
	given    []Rule   // by place
	rules    []Rule   // distinct
	distinct []int    // which of them stands at each place; emptyPlace: none
	members  [][]int  // the places that each of them stands at
	bits     []uint64 // the same as bits
}

// emptyPlace marks a place without a rule.
const emptyPlace = -1

// newRuleSet takes the zero rule for an empty place.
func newRuleSet(rules []Rule) (*ruleSet, error) {
	if len(rules) > MaxRules {
		return nil, fmt.Errorf("%d rules: at most %d; let zones share some", len(rules), MaxRules)
	}
	set := &ruleSet{given: slices.Clone(rules)}
	for place, rule := range rules {
		if rule == (Rule{}) {
			set.distinct = append(set.distinct, emptyPlace)
			continue
		}
		if err := rule.Validate(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", place, err)
		}
		at := slices.Index(set.rules, rule)
		if at < 0 {
			at = len(set.rules)
			set.rules = append(set.rules, rule)
			set.members = append(set.members, nil)
			set.bits = append(set.bits, 0)
		}
		set.distinct = append(set.distinct, at)
		set.members[at] = append(set.members[at], place)
		set.bits[at] |= 1 << place
	}
	return set, nil
}

// at returns which distinct rule stands at a place; false: none does.
func (s *ruleSet) at(place int) (int, bool) {
	if place >= len(s.distinct) || s.distinct[place] == emptyPlace {
		return 0, false
	}
	return s.distinct[place], true
}

// outcome returns what stands for a place among the outcomes of the distinct
// rules; nil stands for none listed.
func (s *ruleSet) outcome(outcomes []outcome, place int) outcome {
	if at, ok := s.at(place); ok && outcomes != nil {
		return outcomes[at]
	}
	return outcome{}
}

// refuseEmpty tells which of some rules is the zero rule.
func refuseEmpty(rules []Rule) error {
	if place := slices.Index(rules, Rule{}); place >= 0 {
		return fmt.Errorf("rule %d: %w", place, Rule{}.Validate())
	}
	return nil
}
