package scoring

import (
	"fmt"
	"slices"
)

// MaxRules is how many rules a board may have: the bits of Answer.Listed.
const MaxRules = 64

// ruleSet is the caller's rules, equal ones told apart only by their index.
type ruleSet struct {
	rules    []Rule   // distinct
	distinct []int    // which of them each of the caller's rules is
	members  [][]int  // the caller's rules that each of them is
	bits     []uint64 // the same as bits
}

func newRuleSet(rules []Rule) (ruleSet, error) {
	var set ruleSet
	if len(rules) > MaxRules {
		return set, fmt.Errorf("%d rules: at most %d; let zones share some", len(rules), MaxRules)
	}
	for i, rule := range rules {
		if err := rule.Validate(); err != nil {
			return set, fmt.Errorf("rule %d: %w", i, err)
		}
		rule.MinOrganisations = 0 // 0 and 1 are the same
		at := slices.Index(set.rules, rule)
		if at < 0 {
			at = len(set.rules)
			set.rules = append(set.rules, rule)
			set.members = append(set.members, nil)
			set.bits = append(set.bits, 0)
		}
		set.distinct = append(set.distinct, at)
		set.members[at] = append(set.members[at], i)
		set.bits[at] |= 1 << i
	}
	return set, nil
}
