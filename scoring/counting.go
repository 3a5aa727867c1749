package scoring

import (
	"net/netip"
	"time"
)

// Counting is what one incident counts under a rule at a moment, caps of other
// incidents regarded, and why it does not count all its points.
type Counting struct {
	ID     ID
	Points int // that count
	Less   []Lessening
}

// Lessening is one reason for which an incident counts other than its points.
type Lessening struct {
	By    LessenedBy
	Limit int  // the weight in percent, or the points of the cap
	Void  Void // that took it back
}

// LessenedBy names what an incident counts less by.
type LessenedBy string

// What an incident counts less by. A weight above [FullWeight] makes it count
// more.
const (
	LessenedByWithdrawal  LessenedBy = "withdrawn"
	LessenedByExpiry      LessenedBy = "expired"
	LessenedByVoid        LessenedBy = "void"
	LessenedByCategory    LessenedBy = "category" // which the rule does not count
	LessenedByProbation   LessenedBy = "probation"
	LessenedByWeight      LessenedBy = "weight"
	LessenedByKindCap     LessenedBy = "kind_cap"
	LessenedByReporterCap LessenedBy = "reporter_cap"
)

// Countings tells of every incident held for a scored prefix what it counts
// under a rule, in the order of [Scoreboard.Incidents]. It is for people.
func (b *Scoreboard) Countings(prefix netip.Prefix, rule Rule, now time.Time) []Counting {
	k, ok := keyOfScored(prefix)
	if !ok {
		return nil
	}
	at := secondOf(now)
	locked := &b.shards[k.shard()]
	locked.mu.RLock()
	defer locked.mu.RUnlock()
	p, _ := locked.place(k)
	w := walk{rule: locked.weights.rule(rule)}
	var countings []Counting
	for m := locked.merge(p.head); ; {
		i := m.next()
		if i == 0 {
			return countings
		}
		it := locked.items.at(i)
		counting := Counting{ID: it.id(), Less: locked.weights.lessenings(k, it, at)}
		if it.expires > at {
			x := locked.weights.weigh(it)
			counting.Less = append(counting.Less, w.lessenings(it, x)...)
			counting.Points = int(w.take(it, x))
		}
		countings = append(countings, counting)
	}
}

// lessenings tells why an item counts other than its points whatever else is
// reported: the first reason to count nothing, or a weight.
func (w *weights) lessenings(k scoredKey, it *item, now second) []Lessening {
	trust := w.trust.given.Reporters[it.reporter()]
	weight := w.trust.reporter(it.reporter()).percent
	switch {
	case it.is(flagWithdrawn):
		return []Lessening{{By: LessenedByWithdrawal}}
	case it.is(flagVoided):
		return []Lessening{{By: LessenedByVoid, Void: w.trust.voidOf(k, it)}}
	case it.expires <= now:
		return []Lessening{{By: LessenedByExpiry}}
	case trust.Probation:
		return []Lessening{{By: LessenedByProbation}}
	case weight != FullWeight:
		return []Lessening{{By: LessenedByWeight, Limit: int(weight)}}
	}
	return nil
}

// lessenings tells why an item that is taken next counts less than it weighs.
func (w *walk) lessenings(it *item, x weighed) []Lessening {
	switch {
	case x.points == 0:
		return nil
	case !w.rule.takes(x.category):
		return []Lessening{{By: LessenedByCategory}}
	}
	var less []Lessening
	points := x.points
	if x.cap > 0 {
		if under := x.under(points, w.capped.get(it.reporter())); under < points {
			points = under
			less = append(less, Lessening{By: LessenedByKindCap, Limit: int(x.cap)})
		}
	}
	if limit := w.rule.reporterCap; limit > 0 && limit-w.all.get(it.reporter()) < points {
		less = append(less, Lessening{By: LessenedByReporterCap, Limit: int(limit)})
	}
	return less
}
