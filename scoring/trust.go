package scoring

// Trust says how much the word of reporters counts, and which of it was taken
// back. The zero value is the trust of a new ledger: every reporter counts in
// full, by itself, and nothing is void.
type Trust struct {
	Reporters map[ReporterNumber]ReporterTrust // those that are not as any other
	Voids     []Void
}

const (
	// FullWeight is the weight, in percent, of a reporter of whom nothing is
	// said.
	FullWeight = 100
	// MaxWeight is the highest weight of a reporter, in percent.
	MaxWeight = 200
)

// ReporterTrust is how much the word of one reporter counts.
type ReporterTrust struct {
	// Organisation that the reporter belongs to; empty: it is one by itself.
	// Reporters of one organisation count as one where a minimum of
	// organisations is asked for.
	Organisation string
	// Weight of its points in percent, 0..MaxWeight. What they come to is
	// rounded down, but not to nothing unless the weight is 0.
	Weight int
	// Probation: what it reports is kept, and counts nothing until it ends.
	Probation bool
}

// trustTable is a Trust compiled for walking. It never changes once made.
type trustTable struct {
	given     Trust
	voids     *voidSet         // nil: none
	reporters []reporterWeight // by number; what lies beyond is as any other
}

// reporterWeight is what counting needs of a reporter.
type reporterWeight struct {
	organisation ReporterNumber // its own number, or one beyond MaxReporters
	percent      uint32
}

func newTrustTable(trust Trust) *trustTable {
	t := &trustTable{given: trust}
	if set := newVoidSet(trust.Voids); !set.empty() {
		t.voids = set
	}
	organisations := map[string]ReporterNumber{}
	for number, r := range trust.Reporters {
		weight := r.weight(number)
		if number > MaxReporters || weight == ordinary(number) && r.Organisation == "" {
			continue
		}
		for ReporterNumber(len(t.reporters)) <= number {
			t.reporters = append(t.reporters, ordinary(ReporterNumber(len(t.reporters))))
		}
		if r.Organisation != "" {
			if organisations[r.Organisation] == 0 {
				organisations[r.Organisation] = MaxReporters + 1 + ReporterNumber(len(organisations))
			}
			weight.organisation = organisations[r.Organisation]
		}
		t.reporters[number] = weight
	}
	return t
}

// ordinary is the weight of a reporter of whom nothing is said.
func ordinary(number ReporterNumber) reporterWeight { return reporterWeight{number, FullWeight} }

// reporter returns the weight of a reporter.
func (t *trustTable) reporter(number ReporterNumber) reporterWeight {
	if int(number) < len(t.reporters) {
		return t.reporters[number]
	}
	return ordinary(number)
}

// weight returns the weight of a reporter, as if it were an organisation by
// itself.
func (r ReporterTrust) weight(number ReporterNumber) reporterWeight {
	if r.Probation {
		return reporterWeight{number, 0}
	}
	return reporterWeight{number, uint32(min(max(r.Weight, 0), MaxWeight))}
}

// Percent returns the weight that counts, in percent.
func (r ReporterTrust) Percent() int { return int(r.weight(0).percent) }

// weigh returns what points come to by a weight.
func (r reporterWeight) weigh(points uint16) uint32 {
	if r.percent == 0 || points == 0 {
		return 0
	}
	return max(1, uint32(points)*r.percent/FullWeight)
}

// voided tells whether an item of a prefix was taken back.
func (t *trustTable) voided(k scoredKey, it *item) bool {
	return t.voids != nil && t.voids.covers(k.prefix(), it)
}

// voidOf returns a void that takes back an item of a prefix.
func (t *trustTable) voidOf(k scoredKey, it *item) Void {
	for _, v := range t.given.Voids {
		prefix, some := widen(v.Prefix)
		within := some && prefix.Bits() <= k.prefix().Bits() && prefix.Contains(k.prefix().Addr())
		if (within || !some && v.Reporter != 0) && v.span().takes(it) {
			return v
		}
	}
	return Void{}
}
