package scoring

import "slices"

// step is what holds of a prefix until a second. The steps of a prefix come in
// the order of time; from the end of the last on nothing lists the prefix.
// They do not depend on the moment at which they are taken: what a step says
// of a second is the verdict of that second, because between two writes
// nothing but time changes verdicts.
type step struct {
	answer uint32 // ID; noAnswer only in the first step
	until  second
}

// steps appends the steps of a chain that end after now, exemptions not
// regarded.
func (s *shard) steps(steps []step, head itemIndex, now second, known *answers) []step {
	for r := range s.walks {
		s.walks[r].start(s.weights.rules[r])
	}
	var live, counted CategorySet
	var listed uint64
	first := len(steps)
	for i := head; i != 0; {
		it := s.items.at(i)
		if !it.is(flagKept) || it.expires <= now {
			break
		}
		x := s.weights.weigh(it)
		live |= x.category
		for r := range s.walks {
			w := &s.walks[r]
			if w.take(it, x); w.listed() {
				listed |= s.weights.bits[r]
				counted |= w.rule.categories
			}
		}
		if i = it.next; i != 0 && s.items.at(i).is(flagKept) && s.items.at(i).expires == it.expires {
			continue // they go together
		}
		if listed == 0 {
			continue
		}
		answer := s.intern(known, listed, live&counted)
		if n := len(steps); n == first || steps[n-1].answer != answer {
			steps = append(steps, step{answer, it.expires})
		}
	}
	slices.Reverse(steps[first:])
	return steps
}

// intern is answers.intern, and remembers one answer: most prefixes have the
// same.
func (s *shard) intern(known *answers, listed uint64, categories CategorySet) uint32 {
	if s.met.ID == noAnswer || s.met.Listed != listed || s.met.Categories != categories {
		s.met = Answer{ID: known.intern(listed, categories), Listed: listed, Categories: categories}
	}
	return s.met.ID
}

// barUntil makes nothing of the steps before a second.
func barUntil(steps []step, until, now second) []step {
	if until <= now {
		return steps
	}
	barred := 0
	for barred < len(steps) && steps[barred].until <= until {
		barred++
	}
	switch {
	case barred == len(steps):
		return steps[:0]
	case barred == 0:
		return slices.Insert(steps, 0, step{noAnswer, until})
	}
	steps = steps[barred-1:]
	steps[0] = step{noAnswer, until}
	return steps
}

// after returns the steps that end after a moment.
func after(steps []step, now second) []step {
	for len(steps) > 0 && steps[0].until <= now {
		steps = steps[1:]
	}
	return steps
}
