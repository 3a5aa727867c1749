package scoring

// weights is a policy, the scoreboard's rules and who is trusted how much,
// compiled for walking. It never changes once made.
type weights struct {
	kinds  []kindWeight // by kind number; what lies beyond is unknown
	set    *ruleSet
	rules  []ruleWeight // the distinct rules of the set
	bits   []uint64     // the places that each of them stands at
	policy ruleWeight   // what holds of a rule that does not say
	trust  *trustTable
}

// kindWeight is what counting needs of a kind. An unknown kind is the zero
// value: of no category, uncapped.
type kindWeight struct {
	category CategorySet // one bit, or none
	cap      uint16      // 0: none
}

// ruleWeight is a rule with what the policy adds to it.
type ruleWeight struct {
	threshold     uint32
	categories    CategorySet
	organisations int    // that must have reported what counts
	reporterCap   uint32 // of what one reporter counts; 0: none
}

// weighed is what an item counts before caps. It is small enough to stay in
// registers: every walk makes one for each item.
type weighed struct {
	kindWeight
	points       uint32 // 0: it counts nothing
	organisation ReporterNumber
}

func newWeights(policy Policy, set *ruleSet, trust *trustTable) *weights {
	w := &weights{set: set, rules: make([]ruleWeight, len(set.rules)), bits: set.bits, trust: trust}
	w.policy = ruleWeight{
		threshold: uint32(policy.Threshold), organisations: policy.Organisations(), reporterCap: uint32(policy.ReporterCap),
	}
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
	r := w.policy
	r.categories = rule.Categories
	if rule.Threshold > 0 {
		r.threshold = uint32(rule.Threshold)
	}
	if rule.MinOrganisations > 0 {
		r.organisations = rule.MinOrganisations
	}
	return r
}

// weigh tells what an item counts before caps.
func (w *weights) weigh(it *item) weighed {
	x := weighed{kindWeight: w.kind(it.kind()), organisation: it.reporter()}
	switch {
	case !it.counts():
	case w.trust.reporters == nil:
		x.points = uint32(it.points)
	default:
		r := w.trust.reporter(it.reporter())
		x.points, x.organisation = r.weigh(it.points), r.organisation
	}
	return x
}

func (w *weights) kind(number KindNumber) kindWeight {
	if int(number) < len(w.kinds) {
		return w.kinds[number]
	}
	return kindWeight{}
}

// under returns what points count when the reporter's capped items have
// already counted some: no more than the cap leaves.
func (k kindWeight) under(points, used uint32) uint32 {
	return min(points, max(uint32(k.cap), used)-used)
}

// takes tells whether incidents of a category count. All categories also take
// incidents of none: of kinds that the policy does not know.
func (r ruleWeight) takes(category CategorySet) bool {
	return r.categories == AllCategories || r.categories&category != 0
}
