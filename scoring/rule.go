package scoring

import (
	"fmt"
	"math/bits"
)

// CategorySet is a set of a policy's categories: bit i stands for
// Policy.Categories[i].
type CategorySet uint32

// AllCategories counts every category, also those added later.
const AllCategories = ^CategorySet(0)

// Len returns the number of categories in the set.
func (s CategorySet) Len() int { return bits.OnesCount32(uint32(s)) }

// Rule says what a zone counts and when it lists.
type Rule struct {
	Threshold  int // points that list; 0: the policy's threshold
	Categories CategorySet
	// MinOrganisations is how many organisations must have reported what
	// counts before the rule lists. 0: as many as the policy asks for.
	MinOrganisations int
}

// MaxOrganisations bounds the least number of organisations of policies and
// rules.
const MaxOrganisations = 100

// Validate tells what is wrong with a rule.
func (r Rule) Validate() error {
	switch {
	case r.Threshold < 0 || r.Threshold > MaxThreshold:
		return fmt.Errorf("threshold %d: outside 1..%d", r.Threshold, MaxThreshold)
	case r.Categories == 0:
		return fmt.Errorf("categories: none; a rule without categories never lists")
	case r.MinOrganisations < 0 || r.MinOrganisations > MaxOrganisations:
		return fmt.Errorf("minimum of organisations %d: outside 1..%d", r.MinOrganisations, MaxOrganisations)
	}
	return nil
}
