package scoring

// outcome is what one rule makes of one prefix at one moment. Not listed is
// the zero value, but for the score of a walk.
type outcome struct {
	until      second // end of the listing; 0: not listed
	next       second // when the categories or the listing next change
	score      uint32
	categories CategorySet
}

func (o outcome) listed() bool { return o.until != 0 }

// walk counts the items of one prefix under one rule. It must take them in
// the order of item.before. Because that order is by expiry, the items that
// live at some moment are always the first ones, and what a walk has counted
// after the k-th item is the exact score until that item expires.
type walk struct {
	rule   ruleWeight
	capped tally // what each reporter's capped items have counted
	outcome
}

// start begins a walk anew.
func (w *walk) start(rule ruleWeight) {
	w.rule, w.outcome = rule, outcome{}
	w.capped.reset()
}

// take counts one item that item.counts, and returns the points it counts
// under the rule: fewer than its own once its reporter's capped items have
// reached the cap.
func (w *walk) take(it *item, kind kindWeight) uint32 {
	if !w.rule.takes(kind.category) {
		return 0
	}
	points := uint32(it.points)
	if kind.cap > 0 {
		used := w.capped.get(it.reporter())
		points = kind.under(it.points, used)
		w.capped.set(it.reporter(), used+points)
	}
	w.score = saturatingAdd(w.score, points)
	if w.until == 0 && w.score >= w.rule.threshold {
		w.until = it.expires
	}
	if kind.category&^w.categories != 0 {
		// Of every category the latest item comes first, so the newest
		// category is the first to go.
		w.categories |= kind.category
		w.next = it.expires
	}
	return points
}

// end returns what the walk found.
func (w *walk) end() outcome {
	if !w.listed() {
		return outcome{score: w.score}
	}
	out := w.outcome
	if out.next == 0 || out.next > out.until {
		out.next = out.until
	}
	return out
}

func saturatingAdd(a, b uint32) uint32 {
	if sum := a + b; sum >= a {
		return sum
	}
	return ^uint32(0)
}
