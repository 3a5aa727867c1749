package scoring

// tally holds a number for each reporter, or organisation, that it met. The first few need no
// allocation, which covers nearly every address.
type tally struct {
	n    int
	few  [16]reporterSum
	many map[ReporterNumber]uint32
}

type reporterSum struct {
	reporter ReporterNumber
	sum      uint32
}

func (t *tally) get(reporter ReporterNumber) uint32 {
	for i := range t.few[:t.n] {
		if t.few[i].reporter == reporter {
			return t.few[i].sum
		}
	}
	return t.many[reporter]
}

func (t *tally) set(reporter ReporterNumber, sum uint32) {
	for i := range t.few[:t.n] {
		if t.few[i].reporter == reporter {
			t.few[i].sum = sum
			return
		}
	}
	if t.n < len(t.few) {
		t.few[t.n] = reporterSum{reporter, sum}
		t.n++
		return
	}
	if t.many == nil {
		t.many = map[ReporterNumber]uint32{}
	}
	t.many[reporter] = sum
}

// len returns how many were set.
func (t *tally) len() int { return t.n + len(t.many) }

func (t *tally) reset() {
	t.n = 0
	if t.many != nil {
		clear(t.many)
	}
}
