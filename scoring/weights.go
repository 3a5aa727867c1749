package scoring

// weights is a policy and the scoreboard's rules, compiled for walking. It
// never changes once made.
//
// Reporter weights, organisations and voids will find their place here.
type weights struct {
	kinds     []kindWeight // by kind number; what lies beyond is unknown
	set       *ruleSet
	rules     []ruleWeight // the distinct rules of the set
	bits      []uint64     // the places that each of them stands at
	threshold int          // the policy's
}

// kindWeight is what counting needs of a kind. An unknown kind is the zero
// value: of no category, uncapped.
type kindWeight struct {
	category CategorySet // one bit, or none
	cap      uint16      // 0: none
}

// ruleWeight is a rule with its effective threshold.
type ruleWeight struct {
	threshold  uint32
	categories CategorySet
}

func newWeights(policy Policy, set *ruleSet) *weights {
	w := &weights{threshold: policy.Threshold, set: set, rules: make([]ruleWeight, len(set.rules)), bits: set.bits}
	for _, kind := range policy.Kinds {
		for int(kind.Number) >= len(w.kinds) {
			w.kinds = append(w.kinds, kindWeight{})
		}
		// A valid policy knows the categories of its kinds.
		category, _ := policy.CategorySet(kind.Category)
		w.kinds[kind.Number] = kindWeight{category, kind.Cap}
	}
	for i, rule := range set.rules {
		w.rules[i] = w.rule(rule)
	}
	return w
}

// rule compiles a rule that need not be one of the scoreboard's.
func (w *weights) rule(rule Rule) ruleWeight {
	threshold := rule.Threshold
	if threshold == 0 {
		threshold = w.threshold
	}
	return ruleWeight{uint32(threshold), rule.Categories}
}

func (w *weights) kind(number KindNumber) kindWeight {
	if int(number) < len(w.kinds) {
		return w.kinds[number]
	}
	return kindWeight{}
}

// under returns what points count when the reporter's capped items have
// already counted some: no more than the cap leaves.
func (k kindWeight) under(points uint16, used uint32) uint32 {
	return min(uint32(points), max(uint32(k.cap), used)-used)
}

// takes tells whether incidents of a category count. All categories also take
// incidents of none: of kinds that the policy does not know.
func (r ruleWeight) takes(category CategorySet) bool {
	return r.categories == AllCategories || r.categories&category != 0
}
