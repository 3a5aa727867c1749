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
	rule          ruleWeight
	capped        tally // what each reporter's capped items have counted
	all           tally // what all of its items have; only with a cap of them
	organisations tally // that have counted something; only where several are needed
	outcome
}

// start begins a walk anew.
func (w *walk) start(rule ruleWeight) {
	w.rule, w.outcome = rule, outcome{}
	w.capped.reset()
	w.all.reset()
	w.organisations.reset()
}

// take counts one item, and returns the points it counts under the rule: fewer
// than its own once its reporter has reached a cap.
func (w *walk) take(it *item, x weighed) uint32 {
	if x.points == 0 || !w.rule.takes(x.category) {
		return 0
	}
	points := x.points
	if x.cap > 0 {
		used := w.capped.get(it.reporter())
		points = x.under(points, used)
		w.capped.set(it.reporter(), used+points)
	}
	if w.rule.reporterCap > 0 {
		used := w.all.get(it.reporter())
		points = min(points, w.rule.reporterCap-used)
		w.all.set(it.reporter(), used+points)
	}
	w.score = saturatingAdd(w.score, points)
	if points > 0 && w.rule.organisations > 1 {
		w.organisations.set(x.organisation, 1)
	}
	if w.until == 0 && w.reached() && w.missing() == 0 {
		w.until = it.expires
	}
	if x.category&^w.categories != 0 {
		// Of every category the latest item comes first, so the newest
		// category is the first to go.
		w.categories |= x.category
		w.next = it.expires
	}
	return points
}

// reached tells whether the points are enough.
func (w *walk) reached() bool { return w.score >= w.rule.threshold }

// missing is how many more organisations are needed.
func (w *walk) missing() int {
	if w.rule.organisations <= 1 {
		return 0 // who counts anything is one
	}
	return max(0, w.rule.organisations-w.organisations.len())
}

// needs takes an item, and tells whether the rule's listing hangs on it: until
// the points are enough on what adds some, from then on, while organisations
// are missing, on who is another.
func (w *walk) needs(it *item, x weighed) bool {
	switch {
	case w.listed():
		return false
	case w.rule.organisations <= 1:
		return w.take(it, x) > 0 // enough points would list
	}
	reached, missing := w.reached(), w.missing()
	return w.take(it, x) > 0 && (!reached || w.missing() < missing)
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
